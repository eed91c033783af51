//! How many passwords a policy allows.

use crate::policy::Policy;

impl Policy {
    /// The entropy of a generated password in bits: log₂ of the number of allowed strings, which
    /// are all equally likely. From 0.0 (a single string) to 26,910.1; always finite.
    ///
    /// By inclusion and exclusion: over n characters, the strings of length L that have each required
    /// type are the sum, over all sets S of required types, of ±(n - s)ᴸ, where s counts the characters of the
    /// types in S and the sign is that of an even or odd number of types. Divided by nᴸ each term is at
    /// most 1, so nothing overflows, and the sum is the probability that a draw is accepted:
    /// at least 4.6·10⁻⁴, far above the rounding error.
    pub fn entropy_bits(&self) -> f64 {
        let bits = self.length_as_f64() * size(self.alphabet.len()).log2() + self.acceptance().log2();
        bits.max(0.0)
    }

    /// The probability that a string over the alphabet has every required type.
    pub(crate) fn acceptance(&self) -> f64 {
        let sets = 0u32..1 << self.required.len();
        sets.map(|set| {
            let sign = if set.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
            sign * self.probability_of_lacking(set)
        })
        .sum()
    }

    /// The probability that a string has no character of the required types in `set`, a bit for each.
    fn probability_of_lacking(&self, set: u32) -> f64 {
        let lacking = self
            .required
            .iter()
            .enumerate()
            .filter(|(bit, _)| set >> bit & 1 == 1);
        let lacked: usize = lacking.map(|(_, required)| usize::from(required.size)).sum();
        let all = self.alphabet.len();
        (size(all - lacked) / size(all)).powf(self.length_as_f64())
    }

    fn length_as_f64(&self) -> f64 {
        size(self.length)
    }
}

fn size(count: usize) -> f64 {
    f64::from(u16::try_from(count).expect("a policy has at most 4096 characters of at most 95 kinds"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Policy;
    use crate::options::{CharacterType, MAX_LENGTH, Options};

    /// The options that leave of all printable characters just these.
    fn leaving(characters: &str, length: usize) -> Options {
        let has = |kind: CharacterType| characters.contains(|c| kind.characters().contains(c));
        Options {
            length,
            exclude_characters: (' '..='~').filter(|c| !characters.contains(*c)).collect(),
            exclude_lowercase: !has(CharacterType::Lowercase),
            exclude_uppercase: !has(CharacterType::Uppercase),
            exclude_numbers: !has(CharacterType::Number),
            exclude_punctuation: !has(CharacterType::Punctuation),
            include_space: characters.contains(' '),
            ..Options::default()
        }
    }

    fn bits(options: &Options) -> f64 {
        Policy::new(options).unwrap().entropy_bits()
    }

    /// Counts the allowed strings by writing each of them down.
    fn brute_force(options: &Options) -> u32 {
        let characters: Vec<char> = (' '..='~')
            .filter(|c| !options.exclude_characters.contains(*c))
            .collect();
        let mut strings = vec![String::new()];
        for _ in 0..options.length {
            strings = strings
                .iter()
                .flat_map(|s| characters.iter().map(move |c| format!("{s}{c}")))
                .collect();
        }
        let required =
            |kind: &&CharacterType| options.require_each_included_type && !options.excludes(**kind);
        strings.retain(|s| {
            CharacterType::ALL
                .iter()
                .filter(required)
                .all(|kind| s.contains(|c| kind.characters().contains(c)))
        });
        u32::try_from(strings.len()).unwrap()
    }

    proptest! {
        #[test]
        fn entropy_is_the_logarithm_of_the_number_of_allowed_strings(
            characters in prop::collection::hash_set("[ -~]", 1..6), length in 1usize..6, require: bool,
        ) {
            let characters: String = characters.into_iter().collect();
            let options = Options { require_each_included_type: require, ..leaving(&characters, length) };
            let count = brute_force(&options);
            if let Ok(policy) = Policy::new(&options) {
                prop_assert!((policy.entropy_bits() - f64::from(count).log2()).abs() < 1e-9);
            } else {
                prop_assert_eq!(count, 0, "refused although something is allowed");
            }
        }

        #[test]
        fn entropy_is_finite_and_the_acceptance_as_documented(
            excluded in "[ -~]{0,90}", length in 1..=MAX_LENGTH, short: bool, space: bool, require: bool,
        ) {
            let options = Options {
                length: if short { length % 8 + 1 } else { length },
                exclude_characters: excluded,
                include_space: space,
                require_each_included_type: require,
                ..Options::default()
            };
            if let Ok(policy) = Policy::new(&options) {
                let bits = policy.entropy_bits();
                prop_assert!((0.0..=26_910.2).contains(&bits), "{bits}");
                prop_assert!((4.57e-4..=1.0 + 1e-12).contains(&policy.acceptance()), "{}", policy.acceptance());
            }
        }
    }

    #[test]
    fn well_known_figures_come_out() {
        let close = |left: f64, right: f64| (left - right).abs() < 1e-9;
        let free = |characters, length| {
            bits(&Options {
                require_each_included_type: false,
                ..leaving(characters, length)
            })
        };
        assert!(close(free("01", 4096), 4096.0));
        assert!(close(free("x", 4096), 0.0));
        assert!(close(free("0123456789abcdef", 32), 128.0));
        assert!(
            close(bits(&leaving("aA0!", 4)), 24f64.log2()),
            "the permutations of four characters"
        );
        let everything: String = (' '..='~').collect();
        assert!(close(free(&everything, 4096), 4096.0 * 95f64.log2()));
        let by_default = bits(&Options::default());
        assert!((209.0..32.0 * 94f64.log2()).contains(&by_default), "{by_default}");
    }

    #[test]
    fn the_acceptances_named_in_the_documentation_are_right() {
        let acceptance = |options: &Options| Policy::new(options).unwrap().acceptance();
        assert!((acceptance(&Options::default()) - 0.97).abs() < 0.005);
        let punctuation = CharacterType::Punctuation.characters();
        let worst = acceptance(&leaving(&format!("aA0{punctuation} "), 4));
        assert!((worst - 24.0 * 32.0 / 36f64.powi(4)).abs() < 1e-12, "{worst}");
        assert!((1.0 - worst).powi(100_000) < 1e-19);
    }

    #[test]
    fn no_policy_of_length_four_is_accepted_less_often_than_the_worst_one() {
        let sizes = [26, 26, 10, 32].map(|all| [1, 2, all / 2, all]);
        let mut worst = f64::INFINITY;
        for index in 0..4usize.pow(4) * 2 {
            let left: String = CharacterType::ALL
                .iter()
                .enumerate()
                .flat_map(|(t, kind)| {
                    kind.characters()
                        .chars()
                        .take(sizes[t][index / 4usize.pow(t.try_into().unwrap()) % 4])
                })
                .chain((index >= 256).then_some(' '))
                .collect();
            worst = worst.min(Policy::new(&leaving(&left, 4)).unwrap().acceptance());
        }
        assert!((worst - 24.0 * 32.0 / 36f64.powi(4)).abs() < 1e-12, "{worst}");
    }
}
