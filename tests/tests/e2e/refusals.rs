//! Bad input: a clear error, and labels and database as they were.
