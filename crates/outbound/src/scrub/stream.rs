//! A text as its readers read it: as it stands, as JSON, as XML, as a part of a URL or of a form.

use std::collections::HashMap;
use std::ops::Range;

use crate::words::printable;

/// As many bytes of a credential in a row are hidden wherever they stand: a server may repeat a part of it.
pub(super) const RUN: usize = 8;

/// The bytes that a reader makes of a text, each with the bytes of the text that it was made of.
pub(super) struct Stream {
    bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

/// What a reader makes of the beginning of a text, and of how many bytes; none for a byte that is itself.
type Reader = fn(&str) -> Option<(char, usize)>;

/// The text by every reader.
pub(super) fn streams(text: &str) -> Vec<Stream> {
    vec![
        Stream::of(text, itself),
        Stream::of(text, json),
        Stream::of(text, xml),
        Stream::of(text, itself).percent_decoded(),
        Stream::of(text, form).percent_decoded(),
    ]
}

impl Stream {
    fn of(text: &str, reader: Reader) -> Self {
        let mut stream = Self {
            bytes: Vec::new(),
            places: Vec::new(),
        };
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let (read, length) = reader(&text[at..]).unwrap_or((c, c.len_utf8()));
            stream.push(printable(read), (at, at + length));
            at += length;
        }
        stream
    }

    fn push(&mut self, c: char, place: (usize, usize)) {
        let bytes = c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
        // A character that stands as it is has a place for each of its bytes.
        let own = place.1 - place.0 == bytes.len() && bytes.len() > 1;
        for (number, byte) in bytes.into_iter().enumerate() {
            let place = if own {
                (place.0 + number, place.0 + number + 1)
            } else {
                place
            };
            self.bytes.push(byte);
            self.places.push(place);
        }
    }

    /// With `%41` as the byte that it stands for, of which several may be a character.
    fn percent_decoded(self) -> Self {
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < self.bytes.len() {
            let digits = self.bytes.get(at + 1..at + 3);
            let coded = digits
                .filter(|_| self.bytes[at] == b'%')
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let (byte, length) = coded.map_or((self.bytes[at], 1), |byte| (byte, 3));
            bytes.push(if byte.is_ascii_control() { b' ' } else { byte });
            places.push((self.places[at].0, self.places[at + length - 1].1));
            at += length;
        }
        Self { bytes, places }
    }

    /// Every run of bytes, and where it begins.
    fn runs(&self) -> HashMap<&[u8], Vec<usize>> {
        let mut runs: HashMap<_, Vec<_>> = HashMap::new();
        for (start, run) in self.bytes.windows(RUN).enumerate() {
            runs.entry(run).or_default().push(start);
        }
        runs
    }

    /// Marks every place of the text whose reading has one of `needles`, or [`RUN`] bytes in a row of one.
    pub(super) fn mark(&self, needles: &[Vec<u8>], marks: &mut [bool]) {
        let runs = self.runs();
        for needle in needles {
            if needle.len() < RUN {
                let windows = self.bytes.windows(needle.len()).enumerate();
                let found = windows.filter(|(_, window)| window == needle);
                found.for_each(|(start, _)| self.mark_at(start, needle.len(), marks));
                continue;
            }
            let found = needle.windows(RUN).filter_map(|run| runs.get(run));
            found.flatten().for_each(|start| self.mark_at(*start, RUN, marks));
        }
    }

    /// Marks all but white space and words of at least `shortest` letters and digits.
    pub(super) fn mark_all_but_words(&self, shortest: usize, marks: &mut [bool]) {
        let (mut start, mut at, mut letters) = (0, 0, 0);
        for chunk in self.bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_letter(c) {
                    letters += 1;
                } else {
                    self.mark_short_word(start..at, letters < shortest, marks);
                    (start, letters) = (at + c.len_utf8(), 0);
                    self.mark_short_word(at..start, !c.is_whitespace(), marks);
                }
                at += c.len_utf8();
            }
            if !chunk.invalid().is_empty() {
                let end = at + chunk.invalid().len();
                self.mark_short_word(start..at, letters < shortest, marks);
                self.mark_short_word(at..end, true, marks);
                (start, at, letters) = (end, end, 0);
            }
        }
        self.mark_short_word(start..at, letters < shortest, marks);
    }

    fn mark_short_word(&self, word: Range<usize>, short: bool, marks: &mut [bool]) {
        if short && !word.is_empty() {
            self.mark_at(word.start, word.len(), marks);
        }
    }

    fn mark_at(&self, start: usize, length: usize, marks: &mut [bool]) {
        marks[self.places[start].0..self.places[start + length - 1].1].fill(true);
    }
}

/// Also what joins the parts of a setting's name.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn itself(_: &str) -> Option<(char, usize)> {
    None
}

/// `\n`, `\"`, `\u00e9`.
fn json(text: &str) -> Option<(char, usize)> {
    let escaped = text.strip_prefix('\\')?;
    let c = escaped.chars().next()?;
    match c {
        'n' | 'r' | 't' | 'b' | 'f' => Some((' ', 2)),
        '"' | '\\' | '/' | '\'' => Some((c, 2)),
        'u' => unicode(text),
        _ => None,
    }
}

/// `\u00e9`, or a pair of surrogates.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |from: usize| u16::from_str_radix(text.get(from..from + 4)?, 16).ok();
    let first = unit(2)?;
    if let Some(Ok(c)) = char::decode_utf16([first]).next() {
        return Some((c, 6));
    }
    let second = text
        .get(6..8)
        .filter(|mark| *mark == "\\u")
        .and_then(|_| unit(8))?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((c, 12))
}

/// `&amp;`, `&#39;`, `&#x27;`.
fn xml(text: &str) -> Option<(char, usize)> {
    let (name, _) = text.strip_prefix('&')?.split_once(';')?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((c, name.len() + 2))
}

/// A space in a form.
fn form(text: &str) -> Option<(char, usize)> {
    text.starts_with('+').then_some((' ', 1))
}
