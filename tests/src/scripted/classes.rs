//! The descriptions of the scripted provider, one a class.

/// How the provider's keys change hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Class A.
    Overlap,
    /// Class B.
    InPlace,
    /// Class C.
    Staged,
    /// Class D.
    Chosen,
}

/// What all of them have in common. The base is the function's to set, as for any server of one's own.
const HEAD: &str = r#"
provider = "scripted"
title = "a scripted provider"
base = "{{ parameters.url }}"
settle-seconds = 5
timeout-seconds = 3
[parameters.url]
set-by = "function"
pattern = "https?://.+"
[secret]
key = "apiKey"
[check]
request = "GET /whoami"
auth = { bearer = "{{ key.value }}" }
"#;

const OVERLAP: &str = r#"
[auth]
bearer = "{{ admin }}"
[create]
request = "POST /keys"
json = { name = "{{ name }}" }
value = "/data/key"
id = "/data/id"
[list]
request = "GET /keys"
keys = "/keys"
name = "/name"
id = "/id"
[revoke]
request = "DELETE /keys/{{ key.id }}"
"#;

const IN_PLACE: &str = r#"
[roll]
request = "POST /self/roll"
auth = { bearer = "{{ current.value }}" }
value = "/token"
[admin-check]
request = "GET /admin"
auth = { bearer = "{{ admin }}" }
[recover]
request = "POST /roll"
auth = { bearer = "{{ admin }}" }
value = "/token"
"#;

const STAGED: &str = r#"
[auth]
bearer = "{{ current.value }}"
[stage]
request = "POST /secondary"
value = "/secondary"
exists = [409]
[unstage]
request = "DELETE /secondary"
[promote]
request = "POST /promote"
"#;

const CHOSEN: &str = r#"
[auth]
bearer = "{{ admin }}"
[set]
request = "PUT /secret"
json = { secret = "{{ key.value }}" }
"#;

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Overlap, Self::InPlace, Self::Staged, Self::Chosen];

    /// Its description. What stands at the top of a description can be added by `more`, sections by `sections`.
    pub fn description(self, more: &str, sections: &str) -> String {
        let (class, own) = match self {
            Self::Overlap => ("overlap", OVERLAP),
            Self::InPlace => ("in-place", IN_PLACE),
            Self::Staged => ("staged", STAGED),
            Self::Chosen => ("chosen", CHOSEN),
        };
        let admin = if self == Self::Staged {
            ""
        } else {
            "admin = \"scripted-admin\"\n"
        };
        format!("class = \"{class}\"\n{admin}{more}{HEAD}{own}{sections}")
    }
}
