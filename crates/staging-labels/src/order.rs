//! When AWSCURRENT moves.

use std::str::FromStr;

/// The step that moves AWSCURRENT to the new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CurrentMoves {
    /// setSecret moves it while the change of the password is not yet committed: the switch.
    InSetSecret,
    /// finishSecret moves it, after testSecret: the order of AWS's templates.
    InFinishSecret,
}

/// A value of `AWSCURRENT_MOVES` that is neither `setSecret` nor `finishSecret`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("AWSCURRENT can move in `setSecret` or in `finishSecret`, not in `{0}`")]
pub struct UnknownOrder(String);

impl FromStr for CurrentMoves {
    type Err = UnknownOrder;

    fn from_str(name: &str) -> Result<Self, UnknownOrder> {
        match name {
            "setSecret" => Ok(Self::InSetSecret),
            "finishSecret" => Ok(Self::InFinishSecret),
            _ => Err(UnknownOrder(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_names_the_step_that_moves_awscurrent() {
        assert_eq!("setSecret".parse(), Ok(CurrentMoves::InSetSecret));
        assert_eq!("finishSecret".parse(), Ok(CurrentMoves::InFinishSecret));
    }

    #[test]
    fn another_step_or_another_spelling_is_refused_by_name() {
        for name in ["testSecret", "SETSECRET", "", "set"] {
            let error = name.parse::<CurrentMoves>().unwrap_err().to_string();
            assert!(error.ends_with(&format!("not in `{name}`")), "{error}");
        }
    }
}
