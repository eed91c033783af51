//! Whatever the policy, what is generated is allowed.

use password::{CharacterType, MAX_LENGTH, Options, Password, Policy};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use secrecy::ExposeSecret;

/// Options of every kind; lengths mostly short, where requirements bite.
fn any_options() -> impl Strategy<Value = Options> {
    let length = prop_oneof![5 => 1usize..9, 3 => 9usize..64, 1 => 64..=MAX_LENGTH];
    let excluded = prop_oneof!["[ -~]{0,12}", "[ -~]{0,200}", "\\PC{0,20}"];
    (length, excluded, any::<[bool; 6]>()).prop_map(|(length, exclude_characters, flags)| Options {
        length,
        exclude_characters,
        exclude_numbers: flags[0],
        exclude_punctuation: flags[1],
        exclude_uppercase: flags[2],
        exclude_lowercase: flags[3],
        include_space: flags[4],
        require_each_included_type: flags[5],
    })
}

fn is_excluded(options: &Options, kind: CharacterType) -> bool {
    match kind {
        CharacterType::Lowercase => options.exclude_lowercase,
        CharacterType::Uppercase => options.exclude_uppercase,
        CharacterType::Number => options.exclude_numbers,
        CharacterType::Punctuation => options.exclude_punctuation,
    }
}

/// The rules of `GetRandomPassword`, said once more and in another way than the crate says them.
fn is_allowed(options: &Options, text: &str) -> bool {
    let kind_of = |c: char| match c {
        'a'..='z' => Some(CharacterType::Lowercase),
        'A'..='Z' => Some(CharacterType::Uppercase),
        '0'..='9' => Some(CharacterType::Number),
        '!'..='~' => Some(CharacterType::Punctuation),
        _ => None,
    };
    let character_allowed = |c: char| match kind_of(c) {
        Some(kind) => !is_excluded(options, kind) && !options.exclude_characters.contains(c),
        None => c == ' ' && options.include_space && !options.exclude_characters.contains(' '),
    };
    let required_there =
        |kind: &CharacterType| is_excluded(options, *kind) || text.chars().any(|c| kind_of(c) == Some(*kind));
    text.chars().count() == options.length
        && text.chars().all(character_allowed)
        && (!options.require_each_included_type || CharacterType::ALL.iter().all(required_there))
}

#[expect(clippy::disallowed_methods, reason = "a test looks at what was generated")]
fn text_of(password: &Password) -> &str {
    password.expose_secret()
}

proptest! {
    #[test]
    fn every_generated_password_is_allowed(options in any_options(), seed: u64) {
        if let Ok(policy) = Policy::new(&options) {
            let mut rng = StdRng::seed_from_u64(seed);
            for _ in 0..4 {
                let password = policy.generate(&mut rng).unwrap();
                prop_assert!(is_allowed(&options, text_of(&password)), "{:?}", text_of(&password));
            }
        }
    }

    #[test]
    fn a_refused_policy_says_what_to_do(options in any_options()) {
        if let Err(error) = Policy::new(&options) {
            prop_assert_eq!(error.code(), "PasswordPolicyImpossible");
            prop_assert!(!error.to_string().is_empty() && !error.remedy().is_empty());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_password_and_another_seed_another() {
    let policy = Policy::new(&Options::default()).unwrap();
    let from = |seed| policy.generate(&mut StdRng::seed_from_u64(seed)).unwrap();
    assert_eq!(from(1), from(1));
    assert_ne!(from(1), from(2));
}

#[test]
fn the_policy_that_is_accepted_least_often_is_still_drawn_at_once() {
    let options = Options {
        length: 4,
        exclude_characters: "bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ123456789".to_owned(),
        include_space: true,
        ..Options::default()
    };
    let policy = Policy::new(&options).unwrap();
    let mut rng = StdRng::seed_from_u64(7);
    for _ in 0..200 {
        assert!(is_allowed(&options, text_of(&policy.generate(&mut rng).unwrap())));
    }
}

#[test]
fn the_longest_password_is_generated_whole() {
    let policy = Policy::new(&Options {
        length: MAX_LENGTH,
        ..Options::default()
    })
    .unwrap();
    let password = policy.generate(&mut StdRng::seed_from_u64(7)).unwrap();
    assert_eq!(text_of(&password).len(), MAX_LENGTH);
}

#[test]
fn debug_of_a_generated_password_hides_it() {
    let password = Policy::new(&Options::default())
        .unwrap()
        .generate_from_os()
        .unwrap();
    assert!(!format!("{password:?} {password:#?}").contains(text_of(&password)));
}
