//! A process that dies anywhere, answers that are lost, late or stale: nobody is locked out.
