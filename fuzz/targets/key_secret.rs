#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| secrets::fuzzing::key_secret(data));
