//! From the text of a definition to a checked one.

use super::check;
use super::definition::Description;
use super::error::DescriptionError;

impl Description {
    /// Reads and checks a definition. `file` names it in errors.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line and key.
    pub fn load(file: &str, text: &str) -> Result<Self, DescriptionError> {
        let mut description: Self =
            toml::from_str(text).map_err(|error| DescriptionError::syntax(file, text, &error))?;
        let (problems, derived) = check::problems(&description);
        description.derived = derived;
        if problems.is_empty() {
            Ok(description)
        } else {
            Err(DescriptionError::semantic(file, text, problems))
        }
    }
}
