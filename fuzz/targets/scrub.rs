#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| outbound::fuzzing::scrub(data));
