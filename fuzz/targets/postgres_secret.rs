#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| secrets::fuzzing::postgres_secret(data));
