//! Documents in every form: only the credential changes.
