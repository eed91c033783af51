//! Which of the offered fixes it is.

use crate::diagnosis::{Diagnosis, Fix, FixName};

/// The fix of this name, or the first one. What is refused says what is offered, and what may offer more.
pub(super) fn choose(
    diagnosis: &Diagnosis,
    name: Option<FixName>,
    login_was_tried: bool,
) -> Result<&Fix, String> {
    let mut offered = diagnosis.actions.iter().filter_map(|action| action.fix.as_ref());
    let all: Vec<&str> = offered.clone().map(|fix| fix.name().text()).collect();
    let found = match name {
        Some(name) => offered.find(|fix| fix.name() == name),
        None => offered.next(),
    };
    found.ok_or_else(|| {
        let wanted = name.map_or("anything", FixName::text);
        let more = if login_was_tried {
            ""
        } else {
            "; --login shows which value works, and may offer more"
        };
        match all.as_slice() {
            [] => format!("the diagnosis does not offer {wanted} to --fix{more}"),
            all => format!(
                "the diagnosis does not offer {wanted}, but {}{more}",
                all.join(", ")
            ),
        }
    })
}
