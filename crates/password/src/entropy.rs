//! How many passwords a policy allows.

use crate::Policy;

impl Policy {
    /// The entropy of a generated password in bits: log₂ of the number of allowed strings, which
    /// are all equally likely. From 0.0 (a single string) to 26,909.6; always finite.
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
