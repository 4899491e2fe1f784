//! `numpy.random.RandomState`: the Mersenne Twister and the shuffle that published tools draw their
//! subsets with. Bit for bit numpy's legacy generator, which numpy has frozen.

const WORDS: usize = 624;
const MIDDLE: usize = 397;

/// A generator in the state of `numpy.random.RandomState(seed)`.
#[derive(Clone, Debug)]
pub struct RandomState {
    words: [u32; WORDS],
    next: usize,
}

impl RandomState {
    /// The state that an integer seed gives.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut words = [0_u32; WORDS];
        let mut word = seed;
        for (place, slot) in words.iter_mut().enumerate() {
            *slot = word;
            word = 1_812_433_253_u32
                .wrapping_mul(word ^ (word >> 30))
                .wrapping_add(place as u32 + 1);
        }
        Self { words, next: WORDS }
    }

    fn twist(&mut self) {
        for place in 0..WORDS {
            let mixed =
                (self.words[place] & 0x8000_0000) | (self.words[(place + 1) % WORDS] & 0x7fff_ffff);
            let mask = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[place] = self.words[(place + MIDDLE) % WORDS] ^ (mixed >> 1) ^ mask;
        }
        self.next = 0;
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number from `0..=max`: draws under the smallest covering mask until one is not too large.
    fn up_to(&mut self, max: u32) -> u32 {
        if max == 0 {
            return 0;
        }
        let mask = u32::MAX >> max.leading_zeros();
        loop {
            let value = self.next_u32() & mask;
            if value <= max {
                return value;
            }
        }
    }

    /// `permutation(n)`: the numbers `0..n`, shuffled. `n` is at most 2^32, as the number of vectors of
    /// any set is.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            order.swap(last, self.up_to(last as u32) as usize);
        }
        order
    }

    /// `choice(n, size, replace=False)`: the first `size` numbers of a permutation of `0..n`.
    pub fn choice(&mut self, n: usize, size: usize) -> Vec<usize> {
        let mut order = self.permutation(n);
        order.truncate(size);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        seed: u32,
        words: Vec<u32>,
        draws: Vec<Draw>,
    }

    #[derive(serde::Deserialize)]
    struct Draw {
        n: usize,
        size: usize,
        first: Vec<usize>,
        sum: usize,
        weighted: usize,
    }

    #[test]
    fn equals_numpy_over_consecutive_draws() {
        let text =
            std::fs::read_to_string("reference-data/golden/numbers/random_state.json").unwrap();
        for case in serde_json::from_str::<Golden>(&text).unwrap().cases {
            let mut random = RandomState::new(case.seed);
            for draw in case.draws {
                let found = random.choice(draw.n, draw.size);
                assert_eq!(found[..draw.first.len()], draw.first, "seed {}", case.seed);
                assert_eq!(found.iter().sum::<usize>(), draw.sum);
                let weighted: usize = found.iter().enumerate().map(|(i, v)| i * v).sum();
                assert_eq!(weighted, draw.weighted);
            }
            let words: Vec<u32> = (0..case.words.len()).map(|_| random.next_u32()).collect();
            assert_eq!(words, case.words);
        }
    }
}
