//! What the reference in `docs/` lists: the codes of all errors, and the environment variables. Tests hold the pages to these lists;
//! nothing of it is in a function's binary.

mod codes;
mod variables;

pub use codes::codes;
pub use variables::{VARIABLES, Variable};
