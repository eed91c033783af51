//! Passwords are uniform over the allowed strings: shown by chi-square tests, seeded and so repeatable.

use std::collections::HashMap;

use password::{CharacterType, Options, Password, Policy};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::ExposeSecret;

/// How many standard deviations a statistic may be away: by chance, once in 3,000,000 tests.
const Z: f64 = 5.0;

#[expect(clippy::disallowed_methods, reason = "a test looks at what was generated")]
fn text_of(password: &Password) -> String {
    password.expose_secret().to_owned()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("counts here are small"))
}

/// The chi-square statistic as a standard normal value (Wilson and Hilferty's approximation).
/// About 0 is a good fit; above [`Z`] the distribution is another one; below -[`Z`] the fit is
/// better than chance allows.
fn deviation(observed_expected: impl IntoIterator<Item = (usize, f64)>) -> f64 {
    let terms: Vec<f64> = observed_expected
        .into_iter()
        .map(|(observed, expected)| {
            assert!(expected >= 20.0, "too few samples for the test: {expected}");
            (float(observed) - expected).powi(2) / expected
        })
        .collect();
    let freedom = float(terms.len() - 1);
    let statistic: f64 = terms.iter().sum();
    let spread = 2.0 / (9.0 * freedom);
    ((statistic / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

/// The strings of `length` over `all` characters that have each type of these sizes.
fn allowed_strings(all: usize, sizes: &[usize], length: usize) -> f64 {
    match sizes {
        [] => float(all).powi(i32::try_from(length).expect("lengths here are small")),
        [size, others @ ..] => {
            allowed_strings(all, others, length) - allowed_strings(all - size, others, length)
        }
    }
}

/// For each position and character, how often it must come in `samples` uniform passwords.
fn expected(length: usize, samples: usize) -> HashMap<char, f64> {
    let sizes = CharacterType::ALL.map(|kind| kind.characters().len());
    let all = sizes.iter().sum();
    let mut expected = HashMap::new();
    for (index, kind) in CharacterType::ALL.into_iter().enumerate() {
        let mut others = sizes.to_vec();
        others.remove(index);
        // One place is taken by the character; the others must still have the other types.
        let share = allowed_strings(all, &others, length - 1) / allowed_strings(all, &sizes, length);
        expected.extend(kind.characters().chars().map(|c| (c, share * float(samples))));
    }
    expected
}

/// The deviation at each position.
fn deviations(passwords: &[String], length: usize) -> Vec<f64> {
    let expected = expected(length, passwords.len());
    (0..length)
        .map(|position| {
            let mut observed: HashMap<u8, usize> = HashMap::new();
            for password in passwords {
                *observed.entry(password.as_bytes()[position]).or_default() += 1;
            }
            let count = |c: char| {
                observed
                    .get(&u8::try_from(c).expect("it is ASCII"))
                    .copied()
                    .unwrap_or(0)
            };
            deviation(expected.iter().map(|(c, expected)| (count(*c), *expected)))
        })
        .collect()
}

#[test]
fn at_every_position_every_character_comes_as_often_as_theory_says() {
    // At length 6 a digit is 1.8 times as likely as a punctuation character; at 32 nearly as likely.
    for (length, seed) in [(4, 1), (6, 2), (32, 3)] {
        let policy = Policy::new(&Options {
            length,
            ..Options::default()
        })
        .unwrap();
        let mut rng = StdRng::seed_from_u64(seed);
        let passwords: Vec<String> = (0..20_000)
            .map(|_| text_of(&policy.generate(&mut rng).unwrap()))
            .collect();
        for (position, deviation) in deviations(&passwords, length).into_iter().enumerate() {
            assert!(
                deviation.abs() < Z,
                "length {length}, position {position}: {deviation}"
            );
        }
    }
}

#[test]
fn the_test_finds_the_pattern_of_one_type_in_each_of_the_last_four_positions() {
    let (length, mut rng) = (32, StdRng::seed_from_u64(4));
    let all: Vec<char> = ('!'..='~').collect();
    let passwords: Vec<String> = (0..20_000)
        .map(|_| {
            let mut password: String = (0..length - 4)
                .map(|_| all[rng.random_range(0..all.len())])
                .collect();
            for kind in CharacterType::ALL {
                let own = kind.characters().as_bytes();
                password.push(char::from(own[rng.random_range(0..own.len())]));
            }
            password
        })
        .collect();
    let deviations = deviations(&passwords, length);
    assert!(
        deviations[length - 4..]
            .iter()
            .all(|deviation| *deviation > 10.0 * Z),
        "{deviations:?}"
    );
}

#[test]
fn the_test_finds_a_bias_of_a_remainder_of_a_byte() {
    let (length, mut rng) = (32, StdRng::seed_from_u64(5));
    let all: Vec<char> = ('!'..='~').collect();
    let passwords: Vec<String> = (0..20_000)
        .map(|_| {
            (0..length)
                .map(|_| all[usize::from(rng.random::<u8>()) % all.len()])
                .collect()
        })
        .collect();
    let deviations = deviations(&passwords, length);
    assert!(
        deviations.iter().all(|deviation| *deviation > 2.0 * Z),
        "{deviations:?}"
    );
}

/// All strings over `characters` that have a small letter, a capital and a digit.
fn tiny_language(characters: &str, length: usize) -> Vec<String> {
    let mut strings = vec![String::new()];
    for _ in 0..length {
        strings = strings
            .iter()
            .flat_map(|s| characters.chars().map(move |c| format!("{s}{c}")))
            .collect();
    }
    strings.retain(|s| {
        s.contains(|c: char| c.is_ascii_lowercase())
            && s.contains(|c: char| c.is_ascii_uppercase())
            && s.contains(|c: char| c.is_ascii_digit())
    });
    strings
}

#[test]
fn all_strings_of_a_tiny_policy_are_equally_likely() {
    let characters = "abA01 ";
    let policy = Policy::new(&Options {
        length: 4,
        exclude_characters: ('!'..='~').filter(|c| !characters.contains(*c)).collect(),
        exclude_punctuation: true,
        include_space: true,
        ..Options::default()
    })
    .unwrap();
    let language = tiny_language(characters, 4);
    assert!((policy.entropy_bits() - float(language.len()).log2()).abs() < 1e-9);

    let samples = language.len() * 200;
    let mut observed: HashMap<String, usize> = HashMap::new();
    let mut rng = StdRng::seed_from_u64(6);
    for _ in 0..samples {
        *observed
            .entry(text_of(&policy.generate(&mut rng).unwrap()))
            .or_default() += 1;
    }
    assert!(observed.keys().all(|password| language.contains(password)));
    let count = |password: &String| observed.get(password).copied().unwrap_or(0);
    let deviation = deviation(language.iter().map(|password| (count(password), 200.0)));
    assert!(deviation.abs() < Z, "{deviation}");
}
