//! Makes passwords: says which ones are allowed, and draws one of them uniformly.
//!
//! A [`Policy`] has the options of Secrets Manager's `GetRandomPassword` and can be read from the
//! environment variables of AWS's rotation templates. [`Policy::generate`] draws uniformly from all
//! strings that the policy allows; [`Policy::entropy_bits`] says how many bits that is.
//!
//! # What it is not
//! It performs no I/O, logs nothing, and takes its randomness as an argument. The one exception is
//! [`Policy::generate_from_os`]. It does not know who uses the password.
//!
//! # Where to start
//! [`Options`] are what a person asks for, [`Policy`] what is allowed by them, [`Password`] the result.
//!
//! ```
//! use password::{Options, Policy};
//!
//! let policy = Policy::new(&Options { length: 24, ..Options::default() })?;
//! let password = policy.generate_from_os()?;
//! assert_eq!(format!("{password:?}"), "Password(..)");
//! assert!(policy.entropy_bits() > 150.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entropy;
mod environment;
mod error;
mod generate;
mod options;
mod policy;
mod secret;

pub use error::{OsGeneratorFailed, PolicyError, codes, shown};
pub use options::{CharacterType, MAX_LENGTH, Options};
pub use policy::Policy;
pub use secret::Password;
