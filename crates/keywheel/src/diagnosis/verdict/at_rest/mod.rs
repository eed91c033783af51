//! No rotation is half done. What keeps the next one from going well? If nothing does, all is well.

mod current_refused;
mod due;
mod facts;
mod function_in_the_way;
mod lost;
mod off;
mod switch;

use super::asked::Asked;
use crate::diagnosis::finding::Diagnosis;
use facts::AtRest;

pub(super) fn verdict(asked: &Asked<'_>) -> Diagnosis {
    let rest = AtRest::of(asked);
    off::never_configured(&rest)
        .or_else(|| lost::verdict(&rest))
        .or_else(|| function_in_the_way::verdict(&rest))
        .or_else(|| current_refused::verdict(&rest))
        .or_else(|| off::switched_off(&rest))
        .or_else(|| switch::unconfirmed(&rest))
        .or_else(|| due::overdue(&rest))
        .unwrap_or_else(|| due::finished(&rest))
}
