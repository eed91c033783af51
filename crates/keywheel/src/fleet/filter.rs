//! Which secrets of a region are meant.

use crate::diagnosis::Secret;
use crate::words::names::name_of;

/// By name, tag and function. All that are given must match.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Filter {
    /// Only secrets whose names begin so.
    #[arg(value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only secrets with this tag.
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub(crate) tag: Option<String>,
    /// Only secrets of this function: its name or ARN.
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
}

impl Filter {
    /// Nothing was given.
    pub(super) const fn is_empty(&self) -> bool {
        self.prefix.is_none() && self.tag.is_none() && self.function.is_none()
    }

    /// Whether this secret is meant.
    pub(crate) fn matches(&self, secret: &Secret) -> bool {
        let named = self
            .prefix
            .as_deref()
            .is_none_or(|prefix| secret.name.starts_with(prefix));
        let tagged = self.tag.as_deref().is_none_or(|wanted| {
            let (key, value) = wanted
                .split_once('=')
                .map_or((wanted, None), |(key, value)| (key, Some(value)));
            let is = secret.tags.get(key);
            is.is_some_and(|is| value.is_none_or(|value| value == is))
        });
        let by_function = self.function.as_deref().is_none_or(|wanted| {
            let function = secret.function.as_deref();
            function.is_some_and(|arn| arn == wanted || name_of(arn).split(':').next() == Some(wanted))
        });
        named && tagged && by_function
    }
}
