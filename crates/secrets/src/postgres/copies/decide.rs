//! What each member of a secret is: a copy of the credential, perhaps one, or something else.

use std::ops::Range;

use password::Password;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use super::connection::{Connection, Place, Server, Writing};
use super::doubt::{Doubt, Reason};
use super::encoded;
use super::forms;
use super::names::{self, Part};
use super::rules::{CopyMode, CopyRules, Known};
use super::walk::{self, Group, Named, Text, Value};
use crate::error::DocumentError;
use crate::json::{self, KNOWN_KEYS};

const COPY: &str = "a copy of the password or user name, or a connection string, or take it off COPY_MEMBERS";
const LONGEST_NAME: usize = 80;

/// What a rotation does to the members of a secret, `username` and `password` aside.
#[derive(Default)]
pub(in super::super) struct Decision {
    /// The bytes of the document to exchange, and what for.
    pub(in super::super) edits: Vec<(Range<usize>, Zeroizing<String>)>,
    /// The members in which they are.
    pub(in super::super) changed: Vec<String>,
    /// The members that are left as they are, though they have something of the credential.
    pub(in super::super) doubts: Vec<Doubt>,
}

/// Decides for each member of the JSON object `text`, whose credential is `known` and will be `user` and `password`.
///
/// # Errors
/// A member of `rules.members` is no copy of the credential.
#[expect(
    clippy::disallowed_methods,
    reason = "it leaves as a piece of the new text, for Secrets Manager"
)]
pub(in super::super) fn decide(
    text: &str,
    known: &Known<'_>,
    (user, password): (&str, &Password),
    rules: &CopyRules,
) -> Result<Decision, DocumentError> {
    let mut decider = Decider {
        known,
        next: [user, password.expose_secret()],
        rules,
        decision: Decision::default(),
    };
    if rules.mode != CopyMode::Ignore {
        for group in walk::groups(text, known.plain())? {
            for member in &group.members {
                decider.member(&group, member)?;
            }
        }
    }
    Ok(decider.decision)
}

/// A place that has the known user or password, and which of the two.
type Found<'p> = (Part, &'p Place);

/// What one text turned out to be.
enum Verdict<'p> {
    Copy(Vec<Found<'p>>),
    Doubt(Reason),
    Other,
}

struct Decider<'a> {
    known: &'a Known<'a>,
    next: [&'a str; 2],
    rules: &'a CopyRules,
    decision: Decision,
}

impl Decider<'_> {
    fn member(&mut self, group: &Group<'_>, member: &Named<'_>) -> Result<(), DocumentError> {
        let is_read = group.is_top && KNOWN_KEYS.contains(&member.name.as_str());
        let is_itself = is_read && matches!(member.name.as_str(), "username" | "password");
        let listed = self.rules.members.contains(&member.path) && !is_itself;
        if is_read && !listed {
            return Ok(());
        }
        match &member.value {
            Value::Text(text) if listed => self.listed(member, text)?,
            _ if listed => return Err(DocumentError::invalid(bare(&member.path), "not a string", COPY)),
            Value::Text(text) => self.unlisted(group, member, text),
            Value::Deep(raw) if encoded::contains(raw, self.known.plain()) => {
                self.doubt(member, Reason::Contained);
            }
            Value::Number(_) | Value::Deep(_) | Value::Other => {}
        }
        if member.is_telling && encoded::contains(self.known.plain(), self.known.plain()) {
            self.doubt(member, Reason::Contained);
        }
        Ok(())
    }

    /// A copy by the operator's word: then it must be one.
    fn listed(&mut self, member: &Named<'_>, text: &Text) -> Result<(), DocumentError> {
        if let Some(place) = self.whole(text) {
            let is_password = match names::part(&member.name) {
                Some((_, part)) => part == Part::Password,
                None => self.known.is_password(&text.plain),
            };
            let part = if is_password { Part::Password } else { Part::User };
            self.change(member, text, &[(part, &place)]);
            return Ok(());
        }
        let connections = forms::read(&text.plain, self.known);
        let copies: Vec<_> = connections.iter().filter(|one| self.is_credential(one)).collect();
        if let Some(first) = connections.first().filter(|_| copies.is_empty()) {
            let other_user = !all(&first.users, |user| self.known.is_user(user));
            return Err(DocumentError::Contradictory {
                one: bare(&member.path),
                other: if other_user { "username" } else { "password" }.to_owned(),
            });
        }
        if copies.is_empty() {
            let problem = "neither the user name nor the password, and in no form that is known";
            return Err(DocumentError::invalid(bare(&member.path), problem, COPY));
        }
        for one in copies {
            self.change(member, text, &places(one));
        }
        Ok(())
    }

    fn unlisted(&mut self, group: &Group<'_>, member: &Named<'_>, text: &Text) {
        let whole = self.whole(text);
        let connections = match whole {
            Some(_) => Vec::new(),
            None => forms::read(&text.plain, self.known),
        };
        let named = names::part(&member.name).filter(|(_, part)| matches!(part, Part::User | Part::Password));
        let verdicts = match named {
            Some((stem, part)) if connections.is_empty() => {
                vec![self.by_name(group, stem, part, text, whole.as_ref())]
            }
            _ => connections.iter().map(|one| self.by_content(one)).collect(),
        };
        let mut is_other = true;
        for verdict in verdicts {
            match verdict {
                Verdict::Copy(places) => self.change(member, text, &places),
                Verdict::Doubt(reason) => self.doubt(member, reason),
                Verdict::Other => continue,
            }
            is_other = false;
        }
        if is_other && encoded::contains(&text.plain, self.known.plain()) {
            self.doubt(member, Reason::Contained);
        }
    }

    /// The text as a whole, if it is the user or the password.
    fn whole(&self, text: &Text) -> Option<Place> {
        let is_known = self.known.is_password(&text.plain) || self.known.is_user(&text.plain);
        is_known.then(|| Place {
            span: text.whole(),
            value: text.plain.clone(),
            writing: Writing::Plain,
        })
    }

    /// A member with the name of a user or a password. Those beside it with the same beginning must not speak of another
    /// credential; in an inner object they must speak of this one.
    fn by_name<'p>(
        &self,
        group: &Group<'_>,
        stem: &str,
        part: Part,
        text: &Text,
        whole: Option<&'p Place>,
    ) -> Verdict<'p> {
        let beside = Beside::of(group, stem, self.known);
        let copy = |place| Verdict::Copy(vec![(part, place)]);
        let is = |known: bool| whole.filter(|_| known);
        if part == Part::Password {
            match is(self.known.is_password(&text.plain)) {
                Some(_) if beside.user == Some(false) => Verdict::Doubt(Reason::OtherUser),
                Some(_) if beside.is_elsewhere => Verdict::Doubt(Reason::OtherHost),
                Some(_) if !group.is_top && beside.user.is_none() => Verdict::Doubt(Reason::Contained),
                Some(place) => copy(place),
                None if text.plain.is_empty() || beside.user == Some(false) || beside.is_elsewhere => {
                    Verdict::Other
                }
                None if group.is_top || beside.user.is_some() => Verdict::Doubt(Reason::OtherPassword),
                None => Verdict::Other,
            }
        } else {
            let other = beside.password == Some(false) || beside.is_elsewhere;
            match is(self.known.is_user(&text.plain)) {
                _ if other || (!group.is_top && beside.password.is_none()) => Verdict::Other,
                Some(place) => copy(place),
                None if text.plain.is_empty() || !group.is_top => Verdict::Other,
                None => Verdict::Doubt(Reason::OtherUser),
            }
        }
    }

    /// A text that says how to connect.
    fn by_content<'p>(&self, one: &'p Connection) -> Verdict<'p> {
        let has_password = !one.passwords.is_empty();
        let same_password = all(&one.passwords, |password| self.known.is_password(password));
        let same_user = all(&one.users, |user| self.known.is_user(user));
        match (same_user, same_password, one.server(self.known)) {
            (false, true, _) if has_password => Verdict::Doubt(Reason::OtherUser),
            (true, true, Server::Same) => Verdict::Copy(places(one)),
            (true, true, Server::Other) if has_password => Verdict::Doubt(Reason::OtherHost),
            (true, true, Server::NotKnown) if has_password => Verdict::Doubt(Reason::HostNotKnown),
            (true, false, Server::Same) if !one.users.is_empty() => Verdict::Doubt(Reason::OtherPassword),
            _ => Verdict::Other,
        }
    }

    fn is_credential(&self, one: &Connection) -> bool {
        let says_something = !one.users.is_empty() || !one.passwords.is_empty();
        says_something
            && all(&one.users, |user| self.known.is_user(user))
            && all(&one.passwords, |password| self.known.is_password(password))
    }

    /// The next value in each of these places, each of which has the user or the password.
    fn change(&mut self, member: &Named<'_>, text: &Text, places: &[Found<'_>]) {
        let [user, password] = self.next;
        let mut edits = Vec::new();
        for (part, place) in places {
            let next = if *part == Part::Password { password } else { user };
            if *place.value == next {
                continue;
            }
            let Some(written) = forms::write(next, place.writing) else {
                return self.doubt(member, Reason::CannotHold);
            };
            edits.push((text.in_document(&place.span), json::escape(&written)));
        }
        if edits.is_empty() {
            return;
        }
        if self.rules.mode == CopyMode::Report {
            return self.doubt(member, Reason::NotAsked);
        }
        self.decision.edits.append(&mut edits);
        let name = shown(&member.path);
        if !self.decision.changed.contains(&name) {
            self.decision.changed.push(name);
        }
    }

    fn doubt(&mut self, member: &Named<'_>, reason: Reason) {
        let doubt = Doubt {
            member: shown(&member.path),
            reason,
        };
        if !self.decision.doubts.contains(&doubt) {
            self.decision.doubts.push(doubt);
        }
    }
}

/// What stands beside a member, under names with the same beginning.
struct Beside {
    /// Whether all users there are the known one; none if there is none.
    user: Option<bool>,
    password: Option<bool>,
    is_elsewhere: bool,
}

impl Beside {
    fn of(group: &Group<'_>, stem: &str, known: &Known<'_>) -> Self {
        let mut beside = Self {
            user: None,
            password: None,
            is_elsewhere: false,
        };
        for member in &group.members {
            let value = match &member.value {
                Value::Text(text) => text.plain.as_str(),
                Value::Number(digits) => digits,
                Value::Deep(_) | Value::Other => continue,
            };
            let Some((_, part)) = names::part(&member.name).filter(|(other, _)| *other == stem) else {
                continue;
            };
            let both = |so_far: Option<bool>, is: bool| Some(so_far.unwrap_or(true) && is);
            match part {
                Part::User => beside.user = both(beside.user, known.is_user(value)),
                // `pgpass` may be a line of that file.
                Part::Password if !forms::read(value, known).is_empty() && !known.is_password(value) => {}
                Part::Password => beside.password = both(beside.password, known.is_password(value)),
                Part::Host => beside.is_elsewhere |= known.is_host(value) != Some(true),
                Part::Port => beside.is_elsewhere |= !known.is_port(value),
            }
        }
        beside
    }
}

fn all(places: &[Place], is: impl Fn(&str) -> bool) -> bool {
    places.iter().all(|place| is(&place.value))
}

fn places(one: &Connection) -> Vec<Found<'_>> {
    let users = one.users.iter().map(|place| (Part::User, place));
    let passwords = one.passwords.iter().map(|place| (Part::Password, place));
    users.chain(passwords).collect()
}

/// A path for a log: escaped, and cut.
fn bare(path: &str) -> String {
    let mut shown: String = path.escape_debug().take(LONGEST_NAME + 1).collect();
    if shown.chars().count() > LONGEST_NAME {
        shown.pop();
        shown.push('…');
    }
    shown
}

fn shown(path: &str) -> String {
    format!("`{}`", bare(path))
}
