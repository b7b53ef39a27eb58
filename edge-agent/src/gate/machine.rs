//! What a barrier does next: opens, holds, closes, and refuses to close on the safety input. Pure: time is a parameter.
//!
//! It never moves on its own at the start: only a command opens. What it cannot see it assumes after `travel`: without
//! limit switches the arm counts as up or down that long after it was told.

use std::time::Duration;

use contract::event::BarrierAction;
use contract::event::Cause;

/// The barrier's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long it stays open; longer while something is under the arm.
    pub hold_open: Duration,
    /// How long the arm takes from one end to the other.
    pub travel: Duration,
}

/// Where the arm is, as far as anyone knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Down.
    Closed,
    /// On its way up.
    Opening,
    /// Up, and it will close by itself.
    Open,
    /// Up until someone closes it.
    HeldOpen,
    /// On its way down.
    Closing,
}

/// What the inputs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensor {
    /// Something is under the arm: it must not come down.
    Safety,
    /// Something stands on the loop: it stays up.
    Loop,
    /// The arm is up.
    LimitOpen,
    /// The arm is down.
    LimitClosed,
}

impl Sensor {
    /// The sensor of an input's name; other inputs are only reported.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "safety" => Some(Self::Safety),
            "loop" => Some(Self::Loop),
            "limit_open" => Some(Self::LimitOpen),
            "limit_closed" => Some(Self::LimitClosed),
            _ => None,
        }
    }
}

/// One thing to tell the barrier, with what made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What to tell it.
    pub action: BarrierAction,
    /// Why.
    pub cause: Cause,
    /// Something came under the arm while it came down: there is no time to wait for a disk.
    pub urgent: bool,
}

/// Why a command is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked;

/// The machine of one barrier.
#[derive(Clone, Debug)]
pub struct Machine {
    times: Times,
    state: State,
    /// When the arm was last told to move.
    told: Duration,
    /// Until when it stays up at least.
    open_until: Duration,
    /// What opened it last.
    cause: Option<Cause>,
    safety: bool,
    on_loop: bool,
}

impl Machine {
    /// A barrier that nobody told anything yet. If its relay `is_up` still from the last time it is held open until a person
    /// closes it, otherwise it counts as closed: a start moves nothing.
    pub fn new(times: Times, is_up: bool) -> Self {
        Self {
            times,
            state: if is_up {
                State::HeldOpen
            } else {
                State::Closed
            },
            told: Duration::ZERO,
            open_until: Duration::ZERO,
            cause: None,
            safety: false,
            on_loop: false,
        }
    }

    /// Where the arm is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether something stands on the loop.
    pub fn is_loop_active(&self) -> bool {
        self.on_loop
    }

    /// Takes a command. The move that comes back must be carried out; a barrier that is up is told to open again, because
    /// its own controller may have a timer that we can't see.
    pub fn command(
        &mut self,
        now: Duration,
        action: BarrierAction,
        cause: Cause,
    ) -> Result<Move, Blocked> {
        match action {
            BarrierAction::Open | BarrierAction::HoldOpen => {
                let held = action == BarrierAction::HoldOpen || self.state == State::HeldOpen;
                self.raise(now, &cause);
                if held {
                    self.state = State::HeldOpen;
                }
            }
            BarrierAction::Close => {
                if self.is_occupied() {
                    return Err(Blocked);
                }
                self.lower(now);
            }
        }
        Ok(Move {
            action,
            cause,
            urgent: false,
        })
    }

    /// Takes an input's new level.
    pub fn input(&mut self, now: Duration, sensor: Sensor, active: bool) -> Option<Move> {
        match sensor {
            Sensor::Safety => self.safety = active,
            Sensor::Loop => self.on_loop = active,
            Sensor::LimitOpen => {
                if active && self.state == State::Opening {
                    self.state = State::Open;
                }
            }
            Sensor::LimitClosed => {
                if active && self.state == State::Closing {
                    self.state = State::Closed;
                }
            }
        }
        if self.safety && self.state == State::Closing {
            return self.reopen(now);
        }
        None
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Duration) -> Option<Move> {
        if self.is_occupied() && matches!(self.state, State::Opening | State::Open) {
            // What stands there gets time to leave after it was last seen.
            let leave = now + self.times.hold_open / 4;
            self.open_until = self.open_until.max(leave);
        }
        match self.state {
            State::Opening if now >= self.told + self.times.travel => self.state = State::Open,
            State::Closing if now >= self.told + self.times.travel => self.state = State::Closed,
            State::Open if now >= self.open_until && !self.is_occupied() => {
                self.lower(now);
                return Some(Move {
                    action: BarrierAction::Close,
                    cause: Cause::HoldOver,
                    urgent: false,
                });
            }
            State::Closed | State::Opening | State::Open | State::HeldOpen | State::Closing => {}
        }
        None
    }

    fn is_occupied(&self) -> bool {
        self.safety || self.on_loop
    }

    fn raise(&mut self, now: Duration, cause: &Cause) {
        let already_up = matches!(self.state, State::Open | State::HeldOpen);
        if !already_up {
            self.state = State::Opening;
        }
        self.told = now;
        self.open_until = now + self.times.hold_open;
        self.cause = Some(cause.clone());
    }

    fn lower(&mut self, now: Duration) {
        self.state = State::Closing;
        self.told = now;
    }

    fn reopen(&mut self, now: Duration) -> Option<Move> {
        // A barrier that closes without ever having been opened by us was closed by an order.
        let cause = self.cause.clone().unwrap_or(Cause::HoldOver);
        self.raise(now, &cause);
        Some(Move {
            action: BarrierAction::Open,
            cause,
            urgent: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::OrderId;
    use contract::ids::PassageId;
    use contract::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const TIMES: Times = Times {
        hold_open: Duration::from_secs(8),
        travel: Duration::from_secs(2),
    };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn passage() -> Cause {
        Cause::Passage(PassageId::new(Timestamp::from_millis(1), [1; 10]))
    }

    fn order() -> Cause {
        Cause::Order(OrderId::new(Timestamp::from_millis(1), [2; 10]))
    }

    fn opened() -> Machine {
        let mut machine = Machine::new(TIMES, false);
        let opening = machine
            .command(s(0), BarrierAction::Open, passage())
            .unwrap();
        assert_eq!(opening.action, BarrierAction::Open);
        machine
    }

    /// Invariant 3: a start moves nothing, and an arm that is up is not called closed.
    #[test]
    fn an_arm_that_is_up_at_the_start_stays_up_until_it_is_closed() {
        let mut machine = Machine::new(TIMES, true);
        assert_eq!(machine.state(), State::HeldOpen);
        assert_eq!(machine.tick(Duration::from_secs(3600)), None);
        let now = Duration::from_secs(3601);
        let closing = machine.command(now, BarrierAction::Close, Cause::HoldOver);
        assert_eq!(closing.map(|moved| moved.action), Ok(BarrierAction::Close));
    }

    #[test]
    fn it_opens_holds_and_closes() {
        let mut machine = opened();
        assert_eq!(machine.state(), State::Opening);
        assert_eq!(machine.tick(s(2)), None);
        assert_eq!(machine.state(), State::Open);
        assert_eq!(machine.tick(s(7)), None);
        let closing = machine.tick(s(8)).unwrap();
        assert_eq!(
            (closing.action, closing.cause),
            (BarrierAction::Close, Cause::HoldOver)
        );
        assert_eq!(machine.tick(s(10)), None);
        assert_eq!(machine.state(), State::Closed);
    }

    #[test]
    fn limit_switches_are_believed_before_the_time_is_over() {
        let mut machine = opened();
        machine.input(s(1), Sensor::LimitOpen, true);
        assert_eq!(machine.state(), State::Open);
    }

    #[test]
    fn it_stays_up_while_something_is_under_the_arm_and_some_time_after() {
        let mut machine = opened();
        machine.input(s(1), Sensor::Loop, true);
        for second in 2..60 {
            assert_eq!(machine.tick(s(second)), None);
        }
        machine.input(s(60), Sensor::Loop, false);
        assert_eq!(machine.tick(s(60)), None);
        assert!(machine.tick(s(62)).is_some());
    }

    #[test]
    fn it_refuses_to_close_on_the_safety_input() {
        let mut machine = opened();
        machine.input(s(1), Sensor::Safety, true);
        let refused = machine.command(s(2), BarrierAction::Close, order());
        assert_eq!(refused, Err(Blocked));
        machine.input(s(3), Sensor::Safety, false);
        assert!(machine.command(s(3), BarrierAction::Close, order()).is_ok());
    }

    #[test]
    fn it_opens_again_if_something_comes_under_the_arm_while_it_closes() {
        let mut machine = opened();
        machine.tick(s(2));
        machine.tick(s(8)).unwrap();
        let reopening = machine.input(s(9), Sensor::Safety, true).unwrap();
        assert_eq!(
            (reopening.action, reopening.cause),
            (BarrierAction::Open, passage())
        );
        assert!(reopening.urgent);
        assert_eq!(machine.state(), State::Opening);
    }

    /// GR-14: held open until someone closes it; a car that passes meanwhile does not end that.
    #[test]
    fn held_open_it_stays_until_it_is_closed() {
        let mut machine = Machine::new(TIMES, false);
        machine
            .command(s(0), BarrierAction::HoldOpen, order())
            .unwrap();
        assert_eq!(machine.tick(s(1000)), None);
        machine
            .command(s(1001), BarrierAction::Open, passage())
            .unwrap();
        assert_eq!(machine.tick(s(2000)), None);
        assert_eq!(machine.state(), State::HeldOpen);
        machine
            .command(s(2001), BarrierAction::Close, order())
            .unwrap();
        assert_eq!(machine.state(), State::Closing);
    }

    /// Invariant 3: power-up, and time that jumps, move nothing.
    #[test]
    fn it_never_moves_at_the_start() {
        let mut machine = Machine::new(TIMES, false);
        for sensor in [Sensor::LimitOpen, Sensor::Loop, Sensor::Safety] {
            assert_eq!(machine.input(s(0), sensor, true), None);
            assert_eq!(machine.input(s(1), sensor, false), None);
        }
        assert_eq!(machine.tick(s(1_000_000)), None);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Command(BarrierAction),
        Input(Sensor, bool),
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            prop_oneof![
                Just(BarrierAction::Open),
                Just(BarrierAction::Close),
                Just(BarrierAction::HoldOpen)
            ]
            .prop_map(Step::Command),
            (
                prop_oneof![
                    Just(Sensor::Safety),
                    Just(Sensor::Loop),
                    Just(Sensor::LimitOpen),
                    Just(Sensor::LimitClosed)
                ],
                any::<bool>()
            )
                .prop_map(|(sensor, active)| Step::Input(sensor, active)),
            (0u64..5_000).prop_map(Step::Wait),
        ];
        proptest::collection::vec(step, 0..80)
    }

    proptest! {
        #[test]
        fn it_never_closes_on_safety_never_opens_without_a_cause_and_always_closes_in_the_end(steps in steps()) {
            let mut machine = Machine::new(TIMES, false);
            let mut now = Duration::ZERO;
            let (mut safety, mut commanded) = (false, false);
            for step in steps {
                let moved = match step {
                    Step::Command(action) => {
                        let moved = machine.command(now, action, order()).ok();
                        commanded |= moved.is_some();
                        moved
                    }
                    Step::Input(sensor, active) => {
                        if sensor == Sensor::Safety {
                            safety = active;
                        }
                        machine.input(now, sensor, active)
                    }
                    Step::Wait(millis) => {
                        now += Duration::from_millis(millis);
                        machine.tick(now)
                    }
                };
                if let Some(moved) = moved {
                    prop_assert!(commanded, "moved before any command");
                    match moved.action {
                        BarrierAction::Close => prop_assert!(!safety, "closed on the safety input"),
                        BarrierAction::Open | BarrierAction::HoldOpen => {}
                    }
                }
                prop_assert!(!(safety && machine.state() == State::Closing));
            }
            let held = machine.state() == State::HeldOpen;
            machine.input(now, Sensor::Safety, false);
            machine.input(now, Sensor::Loop, false);
            for _ in 0..100 {
                now += Duration::from_secs(1);
                machine.tick(now);
            }
            prop_assert_eq!(machine.state(), if held { State::HeldOpen } else { State::Closed });
        }
    }
}
