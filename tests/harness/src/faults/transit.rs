//! Fate of one wake or message, and the buffer that holds some back for reordering.
//!
//! Nothing is held for ever: a message that no other pushes out is sent after [`LONGEST_HOLD`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use local_stack::fault_hook::Message;

use super::Delivery;
use super::place_rngs::hits;

/// Longest time that a message is held back for others to overtake it.
const LONGEST_HOLD: Duration = Duration::from_millis(50);

/// Fate of one thing in transit.
pub(crate) struct Fate {
    delays: Vec<Duration>,
    hold: Option<Hold>,
}

struct Hold {
    transit: Arc<Transit>,
    window: usize,
    /// Position of the message that is released when this one arrives, from 0 to below 1.
    turn: f64,
}

#[derive(Default)]
pub(super) struct Transit {
    held: Mutex<Vec<(u64, Message)>>,
}

impl Fate {
    pub(super) fn draw(delivery: &Delivery, rng: &mut Rng, transit: &Arc<Transit>) -> Self {
        // Everything is drawn even if unused, so that the n-th fate is the same for every share of drops.
        let is_dropped = hits(rng, delivery.drop);
        let is_duplicated = hits(rng, delivery.duplicate);
        let most = usize::try_from(delivery.max_copies.max(2)).unwrap_or(2);
        let further = 1 + rng.usize(..most - 1);
        let turn = rng.f64();
        let copies = match (is_dropped, is_duplicated) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 1 + further,
        };
        let mut delay = || {
            let (is_delayed, share) = (hits(rng, delivery.delay), rng.f64());
            if is_delayed {
                delivery.max_delay.mul_f64(share)
            } else {
                Duration::ZERO
            }
        };
        Self {
            delays: (0..copies).map(|_| delay()).collect(),
            hold: (delivery.reorder_window > 0).then(|| Hold {
                transit: Arc::clone(transit),
                window: delivery.reorder_window,
                turn,
            }),
        }
    }

    /// Returns one delay for each copy; none: it is lost.
    pub(super) fn delays(&self) -> &[Duration] {
        &self.delays
    }

    pub(super) fn is_held_back(&self) -> bool {
        self.hold.is_some()
    }

    /// Returns true if no copy arrives.
    pub(crate) fn is_lost(&self) -> bool {
        self.delays.is_empty()
    }

    /// Sends all copies but one that travels at once; returns true if there is one, which the caller delivers.
    pub(crate) fn send_off(self, mut copy: impl FnMut() -> Message) -> bool {
        let mut goes_at_once = false;
        for delay in self.delays {
            match &self.hold {
                None if delay.is_zero() && !goes_at_once => goes_at_once = true,
                None => {
                    let message = copy();
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        message.await;
                    });
                }
                Some(hold) => hold.enqueue(delay, copy()),
            }
        }
        goes_at_once
    }
}

impl Hold {
    fn enqueue(&self, delay: Duration, message: Message) {
        let (transit, window, turn) = (Arc::clone(&self.transit), self.window, self.turn);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let number = transit.hold(message, window, turn);
            tokio::time::sleep(LONGEST_HOLD).await;
            transit.release(number);
        });
    }
}

impl Transit {
    /// Holds a message back and releases another one if there are too many. Returns its number.
    fn hold(&self, message: Message, window: usize, turn: f64) -> u64 {
        let mut held = self.held();
        let number = held.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
        held.push((number, message));
        if held.len() > window {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of a small length"
            )]
            let index = ((turn * held.len() as f64) as usize).min(held.len() - 1);
            tokio::spawn(held.swap_remove(index).1);
        }
        number
    }

    fn release(&self, number: u64) {
        let mut held = self.held();
        if let Some(index) = held.iter().position(|(held, _)| *held == number) {
            tokio::spawn(held.swap_remove(index).1);
        }
    }

    fn held(&self) -> MutexGuard<'_, Vec<(u64, Message)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
