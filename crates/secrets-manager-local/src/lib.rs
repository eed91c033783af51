//! secrets-manager-local
