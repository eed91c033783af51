//! A role whose current password does not log in any more: the way back.
