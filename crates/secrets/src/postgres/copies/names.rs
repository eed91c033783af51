//! Members that are a user, a password, a host or a port by their name: `PGPASSWORD`, `db_user`, `spring.datasource.password`.

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    User,
    Password,
    Host,
    Port,
}

const PARTS: [(&str, Part); 10] = [
    ("username", Part::User),
    ("user", Part::User),
    ("password", Part::Password),
    ("passwd", Part::Password),
    ("pass", Part::Password),
    ("pwd", Part::Password),
    ("hostname", Part::Host),
    ("hostaddr", Part::Host),
    ("host", Part::Host),
    ("port", Part::Port),
];

/// What may stand before it. Another word, as in `admin_password`, means another credential.
const STEMS: [&str; 7] = [
    "",
    "pg",
    "db",
    "database",
    "postgres",
    "postgresql",
    "springdatasource",
];

/// What a member is by its name, and the beginning that it shares with the others of the same credential.
pub(super) fn part(name: &str) -> Option<(&'static str, Part)> {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    PARTS.iter().find_map(|(ending, part)| {
        let stem = name.strip_suffix(ending)?;
        let stem = STEMS.iter().find(|known| **known == stem)?;
        Some((*stem, *part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_known_in_every_spelling_and_others_are_not() {
        for (name, wanted) in [
            ("PGPASSWORD", ("pg", Part::Password)),
            ("pgUser", ("pg", Part::User)),
            ("DB_PASS", ("db", Part::Password)),
            ("spring.datasource.password", ("springdatasource", Part::Password)),
            ("Password", ("", Part::Password)),
            ("POSTGRES_USER", ("postgres", Part::User)),
        ] {
            assert_eq!(part(name), Some(wanted), "{name}");
        }
        for name in ["admin_password", "password2", "owner", "", "bypass", "superuser"] {
            assert_eq!(part(name), None, "{name}");
        }
    }
}
