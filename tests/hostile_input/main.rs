//! Inputs that are made to do harm, all of them built here: none panics, hangs, escapes or exceeds a limit, and each leaves a note
//! where something was lost.

mod bombs;
mod damage;
mod members;
#[path = "../pack/mod.rs"]
mod pack;
mod sparse;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll(256) as u8).collect()
    }
}
