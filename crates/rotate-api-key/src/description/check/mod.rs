//! The rules of a description, beyond its types.

mod calls;
mod names;
mod problems;
mod trust;

use super::definition::{Class, Derived, Description};
use super::parameter::{self, RESERVED};
use calls::Checked;
use names::About;
use problems::Checking;

/// Longest name of a provider.
const LONGEST_NAME: usize = 40;
/// Longest wait for one call, in seconds.
const LONGEST_CALL: u64 = 60;
/// Longest wait for a new key to be honoured, or a revoked one to be refused, in seconds: it must fit into a step.
const LONGEST_SETTLING: u64 = 300;
/// Longest overlap, in hours: 1,000 days, the longest interval of a rotation (`AutomaticallyAfterDays`).
const LONGEST_OVERLAP: u64 = 24_000;

/// All that is wrong, as key and words; and what else it comes to.
pub(super) fn problems(description: &Description) -> (Vec<(String, String)>, Derived) {
    let mut check = Checking::of(description);
    check.head();
    check.parameters();
    if description.class == Class::None || description.native.is_some() {
        check.without_calls();
        return (check.problems, Derived::default());
    }
    let derived = check.with_calls();
    (check.problems, derived)
}

impl Checking<'_> {
    fn head(&mut self) {
        let it = self.description;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if it.provider.is_empty() || it.provider.len() > LONGEST_NAME || !it.provider.chars().all(plain) {
            self.wrong(
                "provider",
                format!("must be 1 to {LONGEST_NAME} small letters, digits and dashes"),
            );
        }
        if it.title.trim().is_empty() {
            self.wrong("title", "must say what people call it");
        }
        if it.checked.as_ref().is_some_and(|day| !is_day(day)) {
            self.wrong("checked", "must be a day, such as 2026-11-28");
        }
        if !(1..=LONGEST_CALL).contains(&it.timeout_seconds) {
            self.wrong("timeout-seconds", format!("must be 1 to {LONGEST_CALL}"));
        }
        if it.settle_seconds > LONGEST_SETTLING {
            self.wrong("settle-seconds", format!("must be 0 to {LONGEST_SETTLING}"));
        }
        if it.limit.is_some_and(|limit| limit < 2) {
            self.wrong(
                "limit",
                "must be 2 or more: a new key and the old one live side by side",
            );
        }
        if it.retire.least_overlap_hours > LONGEST_OVERLAP {
            self.wrong(
                "retire.least-overlap-hours",
                format!(
                    "must be 0 to {LONGEST_OVERLAP}: Secrets Manager rotates every 1,000 days at the latest"
                ),
            );
        }
        if it.retire.shown_within_seconds > LONGEST_SETTLING {
            self.wrong(
                "retire.shown-within-seconds",
                format!("must be 0 to {LONGEST_SETTLING}"),
            );
        }
        if it
            .retire
            .not_shown
            .as_ref()
            .is_some_and(|why| why.trim().is_empty())
        {
            self.wrong(
                "retire.not-shown",
                "must say why a revocation cannot be shown, in one sentence",
            );
        }
        if it.lifetime_days == Some(0) {
            self.wrong("lifetime-days", "must be 1 or more");
        }
        self.admin_name();
        self.key_name();
    }

    fn admin_name(&mut self) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(admin) = &self.description.admin
            && (admin.is_empty() || !admin.chars().all(plain))
        {
            self.wrong(
                "admin",
                "must be a name of letters, digits, dashes and dots; ADMIN_SECRETS maps it to an ARN",
            );
        }
    }

    fn key_name(&mut self) {
        match names::check(&self.description.name, About::None, false, self.description) {
            Err(what) => self.wrong("name", what),
            Ok(used) if !used.has("mark") => self.wrong(
                "name",
                "must have {{ mark }} in it: it is how a key that a crash lost is found again",
            ),
            Ok(used) if used.has("name") || used.has("current") || used.has("admin") => {
                self.wrong("name", "may have no credential and not itself in it");
            }
            Ok(_) if !self.description.name.split("mark").skip(1).all(ends_the_mark) => self.wrong(
                "name",
                "must have nothing behind {{ mark }}, or text that is no letter, digit or dash: the mark ends there, and the last mark of a name decides",
            ),
            Ok(_) => {}
        }
    }

    fn parameters(&mut self) {
        for (name, parameter) in &self.description.parameters {
            let key = format!("parameters.{name}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
                self.wrong(
                    key.as_str(),
                    "must be called by small letters, digits and underscores",
                );
            }
            if RESERVED.contains(&name.as_str()) {
                self.wrong(
                    key.as_str(),
                    "must be called something else: the name has a meaning of its own",
                );
            }
            match (&parameter.one_of, &parameter.pattern) {
                (Some(list), None) if list.is_empty() => self.wrong(format!("{key}.one-of"), "is empty"),
                (Some(_), None) => {}
                (None, Some(pattern)) => {
                    if let Err(error) = parameter::whole(pattern) {
                        self.wrong(
                            format!("{key}.pattern"),
                            format!("is no regular expression: {error}"),
                        );
                        continue;
                    }
                }
                _ => {
                    self.wrong(key.as_str(), "needs either `one-of` or `pattern`");
                    continue;
                }
            }
            if parameter
                .default
                .as_ref()
                .is_some_and(|default| !parameter.allows(default))
            {
                self.wrong(
                    format!("{key}.default"),
                    format!("is not {}", parameter.allowed()),
                );
            }
        }
    }

    /// A class without calls, and a provider that is programmed.
    fn without_calls(&mut self) {
        let it = self.description;
        match (it.class, &it.reason, it.native) {
            (Class::None, _, Some(_)) => self.wrong("native", "has keys to rotate: class is not none"),
            (Class::None, None, None) => self.wrong("class", "none needs `reason`: a sentence that says why"),
            (Class::Overlap, _, Some(_)) | (Class::None, Some(_), None) => {}
            (_, _, _) => self.wrong("class", "must be overlap for this provider"),
        }
        for section in calls::sections(it) {
            self.wrong(section, "there are no calls to describe here");
        }
    }

    fn with_calls(&mut self) -> Derived {
        let it = self.description;
        if it.reason.is_some() {
            self.wrong("reason", "belongs to class none");
        }
        let mut checked = Checked::default();
        calls::check_all(self, &mut checked);
        self.sections_of_the_class();
        self.written();
        match it.class {
            Class::Overlap => self.overlap(&checked),
            Class::InPlace => self.in_place(&checked),
            Class::Chosen => {
                if it.set.is_some() && !checked.of("set").has("key.value") {
                    self.wrong("set", "must send {{ key.value }}, the value that was chosen");
                }
            }
            Class::Staged | Class::None => {}
        }
        if it.check.is_some() && !checked.of("check").has("key.value") {
            self.wrong(
                "check",
                "must use {{ key.value }}, or it shows nothing of the new key",
            );
        }
        if it.admin_check.is_some() && !checked.of("admin-check").has("admin") {
            self.wrong(
                "admin-check",
                "needs the admin's credential: it is what shows that it works",
            );
        }
        if it.admin.is_some() && !checked.uses("admin") {
            self.wrong("admin", "is named and nowhere used");
        }
        for (key, what) in trust::problems(it, &checked) {
            self.wrong(key, what);
        }
        Derived {
            check_uses_admin: checked.of("check").has("admin"),
            rolls_by_admin: trust::by_admin(&checked, "roll"),
            adoption: trust::adoption(it, &checked),
            of_the_admin: trust::of_the_admin(it, &checked),
            hosts: std::mem::take(&mut self.hosts),
            admin_names: checked.inside("admin"),
        }
    }

    /// What is written beside the key overwrites nothing that has a meaning of its own.
    fn written(&mut self) {
        let it = self.description;
        let parameters = it
            .parameters
            .values()
            .filter_map(|parameter| parameter.member.as_deref());
        let mut taken: Vec<_> = parameters.chain(["keywheel", ""]).collect();
        taken.extend(it.secret.key.as_deref());
        taken.extend(it.secret.id.as_deref());
        let written = it.written();
        for name in written.iter().filter(|name| taken.contains(*name)) {
            self.wrong(
                "secret",
                format!("has the member {name:?}, which `write` would overwrite"),
            );
        }
        let rolled = it.roll.as_ref().map(|roll| &roll.write);
        let recovered = it.recover.as_ref().map(|recover| &recover.write);
        if let (Some(rolled), Some(recovered)) = (rolled, recovered)
            && !rolled.keys().eq(recovered.keys())
        {
            self.wrong(
                "recover.write",
                "must have the members that [roll] writes, or they would be those of the lost key",
            );
        }
    }

    /// Each class has its calls, and no others.
    fn sections_of_the_class(&mut self) {
        let (needed, possible): (&[&str], &[&str]) = match self.description.class {
            Class::Overlap => (&["create", "revoke", "check"], &["list", "retire"]),
            Class::InPlace => (&["roll", "check"], &["recover"]),
            Class::Staged => (&["stage", "promote", "check"], &["unstage"]),
            Class::Chosen => (&["set", "check"], &[]),
            Class::None => (&[], &[]),
        };
        let present = calls::sections(self.description);
        for section in needed.iter().filter(|section| !present.contains(section)) {
            self.wrong("class", format!("this class needs [{section}]"));
        }
        for section in present.into_iter().filter(|section| *section != "admin-check") {
            if !needed.contains(&section) && !possible.contains(&section) {
                self.wrong(section, "is not used by this class");
            }
        }
    }

    fn overlap(&mut self, checked: &Checked) {
        let it = self.description;
        let has_id = it.secret.id.is_some();
        let Some(list) = &it.list else {
            if it
                .create
                .as_ref()
                .is_some_and(|create| !create.call().is_repeatable())
            {
                self.wrong(
                    "create",
                    "needs [list], by which a key that a crash lost is found, or `repeatable = true` with an idempotency header",
                );
            }
            if !has_id && !checked.of("revoke").has("key.value") {
                self.wrong(
                    "revoke",
                    "needs [list] or secret.id, by which the displaced key is found",
                );
            }
            if it.limit.is_some() {
                self.wrong("limit", "needs [list], by which keys are counted");
            }
            return;
        };
        if list.name.is_none() && !list.exclusive {
            self.wrong(
                "list",
                "needs `name`, or `exclusive = true` if every key listed belongs to the secret",
            );
        }
        if list.exclusive && list.created.is_none() {
            self.wrong(
                "list.exclusive",
                "needs `created`, by which a key that a crash lost is told from an older one that somebody keeps",
            );
        }
        if list.exclusive && !has_id {
            self.wrong(
                "list.exclusive",
                "needs secret.id, by which the key in use is told from the others",
            );
        }
        if it.create.as_ref().is_some_and(|create| create.id.is_none()) && has_id {
            self.wrong("create", "needs `id`, as secret.id is to be kept");
        }
        if !checked.of("revoke").has("key.id") && !checked.of("revoke").has("key.value") {
            self.wrong("revoke", "must say which key: {{ key.id }} or {{ key.value }}");
        }
        if list.name.is_some() && !checked.of("create").has("name") {
            self.wrong(
                "create",
                "must send {{ name }}, by which a key that a crash lost is found",
            );
        }
    }

    /// The old key dies with the call: only an admin can make a new one if the answer is lost.
    fn in_place(&mut self, checked: &Checked) {
        let it = self.description;
        let by_admin = checked.of("roll").has("admin");
        match &it.recover {
            None if !by_admin => self.wrong(
                "roll",
                "needs the admin's credential, or [recover] with it: a lost answer would lose the only key",
            ),
            Some(_) if !checked.of("recover").has("admin") => self.wrong(
                "recover",
                "needs the admin's credential: it is for when the only key is lost",
            ),
            Some(_) if it.admin_check.is_none() => self.wrong(
                "recover",
                "needs [admin-check], a call that changes nothing: the admin's credential is shown to work before a lost answer can lose the only key",
            ),
            _ => {}
        }
    }
}

/// Whether it is written as `2026-11-28` is.
fn is_day(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_number = |part: &&str, length| part.len() == length && part.bytes().all(|c| c.is_ascii_digit());
    matches!(parts.as_slice(), [year, month, day]
        if is_number(year, 4) && is_number(month, 2) && is_number(day, 2))
}

/// Whether what stands behind the name in an expression does not prolong its value.
fn ends_the_mark(rest: &str) -> bool {
    let Some((filters, after)) = rest.split_once("}}") else {
        return false;
    };
    let prolongs = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '{';
    // The last mark of a name decides, so nothing that a secret's writer chooses may stand behind it.
    filters.trim_end_matches('-').trim().is_empty() && !after.starts_with(prolongs) && !after.contains('{')
}
