//! When the next rotation is due (fact 18).

use jiff::Timestamp;

use crate::state::secret::Secret;

/// Whether a rotation is due at `now`. If so, the schedule moves on to its next window.
pub(crate) fn take_due(secret: &mut Secret, now: Timestamp) -> bool {
    if secret.deletion.is_some() || secret.primary_region.is_some() {
        return false;
    }
    let Some(rotation) = &mut secret.rotation else {
        return false;
    };
    if !rotation.enabled || rotation.due.is_none_or(|due| due > now) {
        return false;
    }
    let following = rotation.rules.as_ref().and_then(|rules| rules.next_window(now));
    rotation.due = following.map(|window| window.start);
    true
}

/// A value written by hand counts as a rotation for `AutomaticallyAfterDays` (`RotationRulesType`).
pub(crate) fn reschedule_after_manual_write(secret: &mut Secret, now: Timestamp) {
    let Some(rotation) = &mut secret.rotation else {
        return;
    };
    let by_days = rotation
        .rules
        .as_ref()
        .is_some_and(|rules| rules.automatically_after_days.is_some());
    if rotation.enabled && by_days {
        rotation.schedule_after(now);
    }
}
