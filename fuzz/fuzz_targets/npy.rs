//! Any bytes as an NPY file of text, integers or objects.
#![no_main]

use libfuzzer_sys::fuzz_target;
use storyeval_fuzz::format::npy_table::{NpyContent, decode_npy};

fuzz_target!(|bytes: &[u8]| {
    match decode_npy(&mut &bytes[..], bytes.len() as u64) {
        Ok(NpyContent::Text(table)) => {
            let _ = table.rows().map(<[String]>::len).sum::<usize>();
        }
        Ok(NpyContent::Integers(table)) => {
            let _ = table.rows().flatten().max();
        }
        Ok(NpyContent::Objects(pickle)) => {
            let _ = pickle.root().items().map(Iterator::count);
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
});
