//! A model in any language: a worker, which storyeval starts and talks to in lines of JSON.
//!
//! `message` has what is said, `process` one program with its pipes and its log, `conversation` one worker that is
//! started, introduces itself and answers, `worker` what is done when it fails, and `pool` several of them as one
//! [`Generator`](super::Generator). docs/bring-my-model.md describes the protocol, docs/schemas/worker.schema.json its
//! messages.

mod answer;
mod conversation;
mod failure;
mod fault;
mod launch;
mod live;
mod log;
mod message;
mod pool;
mod process;
mod request;
mod secrets;
#[cfg(test)]
mod tests;
mod worker;

pub use failure::WorkerFailure;
pub use fault::WorkerFault;
pub use launch::WorkerSetup;
pub use live::end_all as end_workers;
pub use pool::Workers;
