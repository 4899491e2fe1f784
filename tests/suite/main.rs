//! What the program does as a whole: one test binary, one module per capability.
//!
//! ONNX Runtime is obtained the way a user obtains it, into a cache below `target/`.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should panic"
)]

mod architecture;
mod audit;
mod bad_input;
mod bundles;
mod ci_page;
mod columns;
mod command_line;
mod compare;
mod continuation;
mod coverage;
mod crops;
mod data_errors;
mod datasets;
mod dependencies;
mod exports;
mod fetch;
mod gate;
mod generator;
mod http_generator;
mod import;
mod import_names;
mod kept;
mod layouts;
mod manners;
mod metric_networks;
mod metric_numbers;
mod minisv;
mod misuse;
mod misuse_runs;
mod model_import;
mod mutants;
mod order;
mod outputs;
mod own_bundles;
mod own_data;
mod own_metric;
mod paper;
mod parity;
mod protocols;
mod references;
mod referential;
mod release;
mod resident;
mod resume;
mod runs;
mod self_contained;
mod snapshots;
mod suites;
mod support;
mod terminal;
mod verify;
mod words;
mod workers;
