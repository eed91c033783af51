#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rotate_api_key::fuzzing::answer(data));
