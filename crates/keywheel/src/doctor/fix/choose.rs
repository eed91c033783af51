//! Which of the offered fixes it is.

use crate::diagnosis::{Diagnosis, Fix, FixName};

/// The fix of this name, or the first one. What is refused says what is offered.
pub(super) fn choose(diagnosis: &Diagnosis, name: Option<FixName>) -> Result<&Fix, String> {
    let mut offered = diagnosis.actions.iter().filter_map(|action| action.fix.as_ref());
    let all: Vec<&str> = offered.clone().map(|fix| fix.name().text()).collect();
    let found = match name {
        Some(name) => offered.find(|fix| fix.name() == name),
        None => offered.next(),
    };
    found.ok_or_else(|| {
        let wanted = name.map_or("anything", FixName::text);
        match all.as_slice() {
            [] => format!("the diagnosis does not offer {wanted} to --fix"),
            all => format!("the diagnosis does not offer {wanted}, but {}", all.join(", ")),
        }
    })
}
