//! Words for a shell, and the one place where a command to paste is put together.

/// The word as a POSIX shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Stands for the ARN of a function that is still to be chosen.
pub(crate) const NEW_FUNCTION: &str = "\"$FUNCTION_ARN\"";

/// A command to paste: its words as a shell reads them back, and the flags that this program was called with.
pub(crate) fn command<'a>(
    program: &'a str,
    words: impl IntoIterator<Item = &'a str>,
    flags: &'a [String],
) -> String {
    let flags = flags.iter().map(String::as_str);
    let all = std::iter::once(program).chain(words).chain(flags);
    let all = all.map(|word| match word {
        NEW_FUNCTION => word.to_owned(),
        word => quoted(word),
    });
    all.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use clap::CommandFactory as _;

    use super::*;
    use crate::command_line::CommandLine;

    #[test]
    fn a_command_repeats_the_flags_and_can_be_pasted() {
        let flags = ["--profile".to_owned(), "on call".to_owned()];
        assert_eq!(
            command("keywheel", ["doctor", "rds!cluster-1"], &flags),
            "keywheel doctor 'rds!cluster-1' --profile 'on call'"
        );
        assert_eq!(command("aws", [NEW_FUNCTION], &[]), "aws \"$FUNCTION_ARN\"");
    }

    /// A command in a text would lack the flags. `Session` and `Names` make them.
    #[test]
    fn no_text_has_a_command_that_lacks_the_flags() {
        // Of these, none asks AWS. What `local` prints is for another shell, where its exports are pasted first.
        let offline = [
            "explain",
            "password",
            "provider",
            "local",
            "completions",
            "man",
            "help",
        ];
        let program = CommandLine::command();
        let mut commands: Vec<String> = program
            .get_subcommands()
            .filter(|command| !offline.contains(&command.get_name()))
            .map(|command| format!("keywheel {}", command.get_name()))
            .collect();
        commands.extend(["secretsmanager", "lambda", "ec2", "logs"].map(|service| format!("aws {service} ")));
        let mut looked_at = 0;
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            if ["local/serve.rs", "offline/explain.rs"]
                .iter()
                .any(|end| path.ends_with(end))
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                looked_at += 1;
                let found = commands.iter().find(|command| line.contains(command.as_str()));
                assert_eq!(found, None, "{}: {line}", path.display());
            }
        }
        assert!(looked_at > 5000, "{looked_at} lines");
    }

    fn sources(directory: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
            .collect()
    }

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        assert_eq!(
            quoted("arn:aws:x:1:secret:orders/db-AbCdEf"),
            "arn:aws:x:1:secret:orders/db-AbCdEf"
        );
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("a'; rm -rf /"), r"'a'\''; rm -rf /'");
        assert_eq!(quoted("rds!cluster-1"), "'rds!cluster-1'");
        assert_eq!(quoted(""), "''");
    }
}
