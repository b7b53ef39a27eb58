//! Work that waits for a store thread: people before machines, both bounded.

use std::collections::VecDeque;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::Priority;

/// Jobs that may wait in one queue. More means that the disk has stopped; callers then hear `Busy`.
const LONGEST: usize = 4096;
/// After so many people's jobs in a row one of a machine goes first, so that edges are never starved.
const PEOPLE_IN_A_ROW: usize = 32;

/// Two queues and a bell.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    bell: Condvar,
}

struct State<J> {
    people: VecDeque<J>,
    machines: VecDeque<J>,
    in_a_row: usize,
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                people: VecDeque::new(),
                machines: VecDeque::new(),
                in_a_row: 0,
                closed: false,
            }),
            bell: Condvar::new(),
        }
    }

    /// Leaves a job; gives it back if the queue is full or closed.
    pub(super) fn push(&self, priority: Priority, job: J) -> Result<(), J> {
        let mut state = self.lock();
        let closed = state.closed;
        let queue = match priority {
            Priority::People => &mut state.people,
            Priority::Machines => &mut state.machines,
        };
        if closed || queue.len() >= LONGEST {
            return Err(job);
        }
        queue.push_back(job);
        drop(state);
        self.bell.notify_one();
        Ok(())
    }

    /// Waits for a job; `None` once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.next() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .bell
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How many jobs wait: people's and machines'.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.people.len(), state.machines.len())
    }

    /// Takes no more jobs; those that wait are still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn next(&mut self) -> Option<J> {
        let machines_turn = self.in_a_row >= PEOPLE_IN_A_ROW && !self.machines.is_empty();
        if !machines_turn && let Some(job) = self.people.pop_front() {
            self.in_a_row += 1;
            return Some(job);
        }
        self.in_a_row = 0;
        self.machines.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_go_first_but_never_starve_the_machines() {
        let queue = Queue::new();
        queue.push(Priority::Machines, "machine").unwrap();
        for _ in 0..=PEOPLE_IN_A_ROW {
            queue.push(Priority::People, "person").unwrap();
        }
        for _ in 0..PEOPLE_IN_A_ROW {
            assert_eq!(queue.pop(), Some("person"));
        }
        assert_eq!(queue.pop(), Some("machine"));
        assert_eq!(queue.pop(), Some("person"));
    }

    #[test]
    fn a_full_queue_gives_the_job_back_and_a_closed_one_empties() {
        let queue = Queue::new();
        for n in 0..LONGEST {
            queue.push(Priority::People, n).unwrap();
        }
        assert_eq!(queue.push(Priority::People, 0), Err(0));
        assert_eq!(queue.waiting(), (LONGEST, 0));
        queue.close();
        assert_eq!(queue.push(Priority::Machines, 0), Err(0));
        for _ in 0..LONGEST {
            assert!(queue.pop().is_some());
        }
        assert_eq!(queue.pop(), None);
    }
}
