//! Draws one of the allowed passwords.

use rand::TryCryptoRng;
use rand::rngs::SysRng;
use secrecy::zeroize::{Zeroize, Zeroizing};

use crate::error::OsGeneratorFailed;
use crate::policy::Policy;
use crate::secret::Password;

/// Random bytes fetched at a time: one system call for most passwords.
const BATCH: usize = 64;

impl Policy {
    /// Draws a password uniformly: every allowed string is equally likely.
    ///
    /// # How
    /// Each character is drawn uniformly from the alphabet, and a string that lacks a required type
    /// is thrown away as a whole, and another one is drawn (rejection sampling). The accepted strings are then
    /// uniform over the allowed ones by construction: no position is reserved for a type, and
    /// nothing is shuffled. A draw ends early once the characters left are fewer than the types
    /// missing, which rejects only what would be rejected anyway.
    ///
    /// # How long
    /// The probability p that a draw is accepted depends on the policy. By default it is 0.97. The
    /// lowest of any legal policy is 24·32 / 36⁴ = 4.6·10⁻⁴ (length 4, one character left of three
    /// types each, all of the punctuation, and the space): 2,200 draws on average, well under a
    /// millisecond. The number of draws has no upper bound, since a bound would mean bias
    /// or failure, but the chance of more than k draws is (1 - p)ᵏ: for that worst policy
    /// less than 10⁻¹⁹ for 100,000. An index costs at most two random bytes on average. Only a broken generator that
    /// always gives the same value would make this loop endless.
    ///
    /// # Errors
    /// Only those of the generator.
    pub fn generate<R: TryCryptoRng>(&self, rng: &mut R) -> Result<Password, R::Error> {
        let mut bytes = Bytes::new(rng);
        // The exact capacity: no copy is left behind by growing, or by boxing at the end.
        let mut text = Zeroizing::new(String::with_capacity(self.length));
        while !self.draw(&mut text, &mut bytes)? {
            text.zeroize();
        }
        Ok(Password::from(std::mem::take(&mut *text)))
    }

    /// Draws a password from the operating system's generator. See [`Policy::generate`].
    pub fn generate_from_os(&self) -> Result<Password, OsGeneratorFailed> {
        Ok(self.generate(&mut SysRng)?)
    }

    /// Fills `text`, or answers false as soon as a required type can no longer find a place.
    fn draw<R: TryCryptoRng>(&self, text: &mut String, bytes: &mut Bytes<'_, R>) -> Result<bool, R::Error> {
        let mut missing = self.required.clone();
        while text.len() < self.length {
            if missing.len() > self.length - text.len() {
                return Ok(false);
            }
            let character = char::from(self.alphabet[bytes.index_below(self.alphabet.len())?]);
            missing.retain(|required| !required.kind.characters().contains(character));
            text.push(character);
        }
        Ok(missing.is_empty())
    }
}

/// Random bytes, fetched in batches; what is left is cleared when dropped.
struct Bytes<'r, R> {
    rng: &'r mut R,
    batch: Zeroizing<[u8; BATCH]>,
    used: usize,
}

impl<'r, R: TryCryptoRng> Bytes<'r, R> {
    fn new(rng: &'r mut R) -> Self {
        Self {
            rng,
            batch: Zeroizing::new([0; BATCH]),
            used: BATCH,
        }
    }

    fn next(&mut self) -> Result<u8, R::Error> {
        if self.used == BATCH {
            self.rng.try_fill_bytes(&mut *self.batch)?;
            self.used = 0;
        }
        self.used += 1;
        Ok(self.batch[self.used - 1])
    }

    /// A uniform index below `size`, which is 1 to 95.
    ///
    /// A byte at or above the largest multiple of `size` is thrown away: taking the remainder of it
    /// would prefer the low indices. As `size` is at most 128, that is fewer than half of them.
    fn index_below(&mut self, size: usize) -> Result<usize, R::Error> {
        let fair = 256 - 256 % size;
        loop {
            let byte = usize::from(self.next()?);
            if byte < fair {
                return Ok(byte % size);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use rand::TryRng;

    use super::*;
    use crate::options::Options;

    /// Gives the bytes 0, 1, … 255, 0, … and fails once `left` of them are used up.
    struct Counting {
        next: u8,
        left: usize,
    }

    #[derive(Debug, PartialEq)]
    struct UsedUp;

    impl fmt::Display for UsedUp {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("used up")
        }
    }

    impl std::error::Error for UsedUp {}

    impl TryRng for Counting {
        type Error = UsedUp;

        fn try_next_u32(&mut self) -> Result<u32, UsedUp> {
            let mut bytes = [0; 4];
            self.try_fill_bytes(&mut bytes)
                .map(|()| u32::from_le_bytes(bytes))
        }

        fn try_next_u64(&mut self) -> Result<u64, UsedUp> {
            let mut bytes = [0; 8];
            self.try_fill_bytes(&mut bytes)
                .map(|()| u64::from_le_bytes(bytes))
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), UsedUp> {
            self.left = self.left.checked_sub(bytes.len()).ok_or(UsedUp)?;
            for byte in bytes {
                *byte = self.next;
                self.next = self.next.wrapping_add(1);
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Counting {}

    #[test]
    fn over_all_bytes_every_index_comes_equally_often() {
        for size in 1..=95 {
            let mut rng = Counting { next: 0, left: 256 };
            let mut bytes = Bytes::new(&mut rng);
            let mut counts = vec![0; size];
            while let Ok(index) = bytes.index_below(size) {
                counts[index] += 1;
            }
            assert_eq!(counts, vec![256 / size; size], "size {size}");
        }
    }

    #[test]
    fn the_generators_error_is_passed_on_and_leaves_no_password() {
        let policy = Policy::new(&Options::default()).unwrap();
        assert_eq!(
            policy.generate(&mut Counting { next: 0, left: 0 }).unwrap_err(),
            UsedUp
        );
        let long = Policy::new(&Options {
            length: 4096,
            ..Default::default()
        })
        .unwrap();
        assert_eq!(
            long.generate(&mut Counting { next: 0, left: 4096 }).unwrap_err(),
            UsedUp
        );
    }

    #[test]
    fn the_operating_system_gives_a_different_password_each_time() {
        let policy = Policy::new(&Options::default()).unwrap();
        assert_ne!(
            policy.generate_from_os().unwrap(),
            policy.generate_from_os().unwrap()
        );
    }
}
