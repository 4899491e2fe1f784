//! The pixels that released scripts hand to their networks, and those of the cards that follow them:
//! values made by `tools/golden/released_scripts.py`, which calls what the scripts call.

use crate::card;
use crate::vision::{InputScale, prepare};
use image::RgbImage;
use serde::Deserialize;

#[derive(Deserialize)]
struct Stored {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    protocol: String,
    #[serde(rename = "use")]
    purpose: String,
    size: [u32; 2],
    values: String,
}

/// The generator of `tools/golden/pixels.py`.
struct Lcg(u32);

impl Lcg {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }

    fn word(&mut self) -> usize {
        usize::from(self.byte()) * 256 + usize::from(self.byte())
    }
}

fn noise([width, height]: [u32; 2]) -> RgbImage {
    let mut values = Lcg(12_345);
    RgbImage::from_fn(width, height, |_, _| {
        image::Rgb(std::array::from_fn(|_| values.byte()))
    })
}

fn places(side: usize) -> Vec<[usize; 3]> {
    let mut values = Lcg(7);
    let last = side - 1;
    let mut places = vec![[0, 0, 0], [1, 0, last], [2, last, 0], [0, last, last]];
    places.extend((0..44).map(|_| {
        let channel = usize::from(values.byte()) % 3;
        let row = values.word() % side;
        [channel, row, values.word() % side]
    }));
    places
}

#[test]
fn networks_get_the_pixels_that_the_released_scripts_hand_them() {
    let text = std::fs::read_to_string("reference-data/golden/protocols/recipes.json").unwrap();
    let cases = serde_json::from_str::<Stored>(&text).unwrap().cases;
    assert!(cases.len() > 140);
    for case in cases {
        let protocol = card::protocol(&case.protocol).unwrap();
        let recipe = match case.purpose.as_str() {
            "classifiers" => protocol.classifiers.unwrap().recipe,
            "generated" => protocol.features.unwrap().generated,
            _ => protocol.features.unwrap().reference,
        };
        let image = noise(case.size);
        let found = prepare(&image, &recipe, 299, 299, &InputScale::Symmetric).unwrap();
        let bytes = base64::decode(&case.values).unwrap();
        let (values, _) = bytes.as_chunks::<4>();
        assert_eq!(values.len(), 48);
        for (place, value) in places(299).into_iter().zip(values) {
            let difference = (found[place] - f32::from_le_bytes(*value)).abs();
            let Case {
                protocol,
                purpose,
                size,
                ..
            } = &case;
            // Measured: 3.6e-7, of values up to 2.6.
            assert!(
                difference <= 5e-7,
                "{protocol} {purpose} {size:?} at {place:?}: {difference}"
            );
        }
    }
}
