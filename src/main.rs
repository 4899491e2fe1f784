//! The `storyeval` program: parses arguments, calls the library, prints, exits with a documented code.
fn main() {}
