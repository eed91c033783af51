//! rotate-postgres
