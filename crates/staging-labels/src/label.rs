//! Staging labels, and which version carries which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::version::VersionId;

/// A staging label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// `AWSCURRENT`: the value that applications read.
    Current,
    /// `AWSPENDING`: the value of a rotation that is under way.
    Pending,
    /// `AWSPREVIOUS`: the last value that was current.
    Previous,
    /// A label of the user's own. Rotation neither reads nor moves it.
    Custom(String),
}

impl Label {
    /// The label's name in Secrets Manager.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
            Self::Custom(name) => name,
        }
    }
}

impl From<&str> for Label {
    fn from(name: &str) -> Self {
        match name {
            "AWSCURRENT" => Self::Current,
            "AWSPENDING" => Self::Pending,
            "AWSPREVIOUS" => Self::Previous,
            other => Self::Custom(other.to_owned()),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The versions of a secret with the labels that each carries: the only record of a rotation's progress.
///
/// ```
/// use staging_labels::{Label, Labels, VersionId};
///
/// let labels: Labels = [("v1", ["AWSCURRENT"]), ("v2", ["AWSPENDING"])].into_iter().collect();
/// assert_eq!(labels.carrier(&Label::Current), Some(&VersionId::stored("v1")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<VersionId, BTreeSet<Label>>);

impl Labels {
    /// The version that carries `label`. A label is on one version at most.
    pub fn carrier(&self, label: &Label) -> Option<&VersionId> {
        self.0
            .iter()
            .find_map(|(version, labels)| labels.contains(label).then_some(version))
    }

    /// Where the rotation that `token` names stands.
    pub fn state_of(&self, token: &VersionId) -> RotationState<'_> {
        match self.0.get(token) {
            None => RotationState::Unknown,
            Some(labels) if labels.contains(&Label::Current) => RotationState::Finished,
            Some(labels) if labels.contains(&Label::Pending) => RotationState::Pending {
                current: self.carrier(&Label::Current),
            },
            Some(_) => RotationState::Abandoned,
        }
    }

    /// Adds `labels` to what `version` carries.
    pub fn attach(&mut self, version: VersionId, labels: impl IntoIterator<Item = Label>) {
        self.0.entry(version).or_default().extend(labels);
    }
}

/// Where the rotation that a token names stands. Derived on every call; the labels are the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationState<'a> {
    /// The version carries neither AWSPENDING nor AWSCURRENT: something else took over.
    Abandoned,
    /// The version carries AWSCURRENT.
    Finished,
    /// The version carries AWSPENDING; `current` is the version that carries AWSCURRENT.
    Pending {
        /// The version that AWSCURRENT must be moved away from, if any has it.
        current: Option<&'a VersionId>,
    },
    /// There is no such version.
    Unknown,
}

impl<V, L, S> FromIterator<(V, L)> for Labels
where
    V: Into<String>,
    L: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    fn from_iter<T: IntoIterator<Item = (V, L)>>(versions: T) -> Self {
        let mut all = Self::default();
        for (version, labels) in versions {
            let labels = labels.into_iter().map(|name| Label::from(name.as_ref()));
            all.attach(VersionId::stored(version), labels);
        }
        all
    }
}

/// `v1: AWSPREVIOUS, v2: AWSCURRENT AWSPENDING`, for logs and errors.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (version, labels)) in self.0.iter().enumerate() {
            let names: Vec<_> = labels.iter().map(Label::as_str).collect();
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{version}: {}", names.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_printed_by_version() {
        let labels: Labels = [
            ("v2", vec!["AWSPENDING", "AWSCURRENT"]),
            ("v1", vec!["AWSPREVIOUS"]),
        ]
        .into_iter()
        .collect();
        assert_eq!(labels.to_string(), "v1: AWSPREVIOUS, v2: AWSCURRENT AWSPENDING");
    }

    #[test]
    fn a_label_of_the_users_own_keeps_its_name() {
        assert_eq!(Label::from("blue").as_str(), "blue");
        assert_eq!(Label::from("awscurrent"), Label::Custom("awscurrent".to_owned()));
    }
}
