//! A matcher for expressions whose automaton over bytes would be too large, or take too long to build: it runs over runes, as
//! Go's does, so that a class is one instruction however many characters it has.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use crate::gotemplate::FuncError;
use crate::sprig::args::fail;
use crate::sprig::nesting::level;

/// More instructions than Go's own limit of size leads to.
const MAX_INSTRUCTIONS: usize = 8 << 20;
/// How many positions of groups the threads of a search may hold together.
const MAX_SLOTS: usize = 1 << 23;
const TOO_MANY_GROUPS: &str = "the groups of the expression take too much memory";
/// After how many steps the search says so.
const INTERVAL: usize = 1 << 14;

/// Goes on to `next`, or to the first of two that matches.
#[derive(Clone, Copy, Debug)]
enum Instruction {
    Class(u32, u32),
    Rune(char, u32),
    Look(Look, u32),
    Split(u32, u32),
    Save(u32, u32),
    Jump(u32),
    Match,
}

/// The characters of a class: those of ASCII as bits, all as sorted ranges.
#[derive(Debug)]
struct Runes {
    ascii: u128,
    ranges: Box<[(char, char)]>,
}

impl Runes {
    fn new(ranges: Box<[(char, char)]>) -> Self {
        let holds = |rune: char| ranges.iter().any(|(low, high)| (*low..=*high).contains(&rune));
        let ascii = (0..128u8).filter(|byte| holds(char::from(*byte))).fold(0, |bits, byte| bits | 1 << byte);
        Self { ascii, ranges }
    }

    fn holds(&self, rune: char) -> bool {
        if rune.is_ascii() {
            return self.ascii >> u32::from(rune) & 1 == 1;
        }
        let at = self.ranges.partition_point(|(_, high)| *high < rune);
        self.ranges.get(at).is_some_and(|(low, _)| *low <= rune)
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    instructions: Vec<Instruction>,
    classes: Vec<Runes>,
    start: u32,
    scratch: RefCell<Scratch>,
}

/// The start and the end of each group, the whole match first.
pub(super) type Slots = Vec<Option<usize>>;

/// What a search uses, kept for the next one.
#[derive(Debug, Default)]
struct Scratch {
    now: Threads,
    next: Threads,
    stack: Vec<Frame>,
}

/// Instructions that are reached, in the order of their priority, and the groups of each.
#[derive(Debug, Default)]
struct Threads {
    dense: Vec<u32>,
    sparse: Vec<u32>,
    slots: Vec<Option<usize>>,
}

#[derive(Debug)]
enum Frame {
    Explore(u32),
    Restore(u32, Option<usize>),
}

impl Threads {
    /// Whether it was not there.
    fn insert(&mut self, at: u32) -> bool {
        let known = self.sparse[at as usize] as usize;
        if self.dense.get(known) == Some(&at) {
            return false;
        }
        self.sparse[at as usize] = self.dense.len() as u32;
        self.dense.push(at);
        true
    }

    fn clear(&mut self) {
        self.dense.clear();
        self.slots.clear();
    }
}

impl Program {
    /// Compiles an expression; `None` if it is too large.
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        let mut compiler =
            Compiler { instructions: Vec::new(), classes: Vec::new(), known: HashMap::new(), places: HashMap::new() };
        let (start, end) = compiler.capture(0, hir)?;
        let matched = compiler.add(Instruction::Match)?;
        compiler.link(end, matched);
        let Compiler { instructions, classes, .. } = compiler;
        Some(Self { instructions, classes, start, scratch: RefCell::default() })
    }

    /// How much memory it takes, about.
    pub(super) fn memory(&self) -> usize {
        let ranges: usize = self.classes.iter().map(|class| class.ranges.len()).sum();
        // A search keeps six numbers for an instruction.
        self.instructions.len() * (size_of::<Instruction>() + 24) + ranges * size_of::<(char, char)>()
    }

    /// The leftmost match from a position on: the first `slots` ends of groups. `tick` is told how many steps were done, and
    /// may end the search.
    ///
    /// # Errors
    /// Those of `tick`; the groups take too much memory.
    pub(super) fn search(
        &self,
        text: &str,
        from: usize,
        slots: usize,
        tick: &mut dyn FnMut(usize) -> Result<(), FuncError>,
    ) -> Result<Option<Slots>, FuncError> {
        let mut scratch = self.scratch.take();
        for threads in [&mut scratch.now, &mut scratch.next] {
            threads.sparse.resize(self.instructions.len(), 0);
            threads.clear();
        }
        let found = self.run(text, from, slots, tick, &mut scratch);
        self.scratch.replace(scratch);
        found
    }

    fn run(
        &self,
        text: &str,
        from: usize,
        slots: usize,
        tick: &mut dyn FnMut(usize) -> Result<(), FuncError>,
        Scratch { now, next, stack }: &mut Scratch,
    ) -> Result<Option<Slots>, FuncError> {
        let mut found: Option<Slots> = None;
        let mut own: Slots = vec![None; slots];
        let (mut at, mut steps) = (from, 0);
        loop {
            if found.is_none() {
                own.fill(None);
                self.follow(text, at, self.start, now, stack, &mut own);
                if now.slots.len() > MAX_SLOTS {
                    return fail(TOO_MANY_GROUPS);
                }
            } else if now.dense.is_empty() {
                break;
            }
            let rune = text[at..].chars().next();
            let after = at + rune.map_or(0, char::len_utf8);
            for index in 0..now.dense.len() {
                let reached = match self.instructions[now.dense[index] as usize] {
                    Instruction::Match => {
                        found = Some(now.slots[index * slots..][..slots].to_vec());
                        // The rest has less priority.
                        break;
                    }
                    Instruction::Rune(wanted, reached) if rune == Some(wanted) => reached,
                    Instruction::Class(class, reached)
                        if rune.is_some_and(|rune| self.classes[class as usize].holds(rune)) =>
                    {
                        reached
                    }
                    _ => continue,
                };
                own.copy_from_slice(&now.slots[index * slots..][..slots]);
                self.follow(text, after, reached, next, stack, &mut own);
                if next.slots.len() > MAX_SLOTS {
                    return fail(TOO_MANY_GROUPS);
                }
            }
            steps += now.dense.len() + 1;
            if steps >= INTERVAL {
                tick(std::mem::take(&mut steps))?;
            }
            if rune.is_none() || slots == 0 && found.is_some() {
                break;
            }
            std::mem::swap(now, next);
            next.clear();
            at = after;
        }
        tick(steps)?;
        Ok(found)
    }

    /// Adds what is reached without taking a rune.
    fn follow(
        &self,
        text: &str,
        at: usize,
        from: u32,
        threads: &mut Threads,
        stack: &mut Vec<Frame>,
        slots: &mut [Option<usize>],
    ) {
        stack.push(Frame::Explore(from));
        while let Some(frame) = stack.pop() {
            let mut pc = match frame {
                Frame::Restore(slot, value) => {
                    slots[slot as usize] = value;
                    continue;
                }
                Frame::Explore(pc) => pc,
            };
            if threads.slots.len() > MAX_SLOTS {
                stack.clear();
                return;
            }
            while threads.insert(pc) {
                threads.slots.extend_from_slice(slots);
                pc = match self.instructions[pc as usize] {
                    Instruction::Jump(next) => next,
                    Instruction::Look(look, next) if holds(look, text, at) => next,
                    Instruction::Split(first, second) => {
                        stack.push(Frame::Explore(second));
                        first
                    }
                    Instruction::Save(slot, next) => {
                        if let Some(value) = slots.get_mut(slot as usize) {
                            stack.push(Frame::Restore(slot, value.replace(at)));
                        }
                        next
                    }
                    _ => break,
                };
            }
        }
    }
}

fn holds(look: Look, text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map(|before| bytes[before]);
    let after = bytes.get(at).copied();
    let is_word = |byte: Option<u8>| byte.is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    match look {
        Look::Start => before.is_none(),
        Look::End => after.is_none(),
        Look::StartLF => before.is_none_or(|byte| byte == b'\n'),
        Look::EndLF => after.is_none_or(|byte| byte == b'\n'),
        Look::WordAscii => is_word(before) != is_word(after),
        Look::WordAsciiNegate => is_word(before) == is_word(after),
        // Go has no others.
        _ => false,
    }
}

/// A part of a program: where it begins, and the instruction whose next one follows the part.
type Part = (u32, u32);

const NOWHERE: u32 = 0;

struct Compiler {
    instructions: Vec<Instruction>,
    classes: Vec<Runes>,
    /// Classes that were met: by what is in them, and by where they are, since a repeated one is met very often.
    known: HashMap<Box<[(char, char)]>, u32>,
    places: HashMap<*const Class, u32>,
}

impl Compiler {
    fn add(&mut self, instruction: Instruction) -> Option<u32> {
        let at = self.instructions.len();
        self.instructions.push(instruction);
        (at < MAX_INSTRUCTIONS).then_some(at as u32)
    }

    fn one(&mut self, instruction: Instruction) -> Option<Part> {
        self.add(instruction).map(|at| (at, at))
    }

    fn link(&mut self, from: u32, to: u32) {
        use Instruction::{Class, Jump, Look, Match, Rune, Save, Split};
        match &mut self.instructions[from as usize] {
            Class(_, next) | Rune(_, next) | Look(_, next) | Save(_, next) | Split(_, next) | Jump(next) => *next = to,
            Match => {}
        }
    }

    fn split(&mut self, greedy: bool, into: u32, past: u32) -> Option<u32> {
        self.add(if greedy { Instruction::Split(into, past) } else { Instruction::Split(past, into) })
    }

    fn part(&mut self, hir: &Hir) -> Option<Part> {
        match hir.kind() {
            HirKind::Empty => self.one(Instruction::Jump(NOWHERE)),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                self.all(text.chars(), |compiler, rune| compiler.one(Instruction::Rune(rune, NOWHERE)))
            }
            HirKind::Class(class) => self.class(class),
            HirKind::Look(look) => self.one(Instruction::Look(*look, NOWHERE)),
            HirKind::Repetition(repetition) => level(|| self.repetition(repetition)),
            HirKind::Capture(capture) => level(|| self.capture(capture.index, &capture.sub)),
            HirKind::Concat(parts) => level(|| self.all(parts.iter(), Self::part)),
            HirKind::Alternation(parts) => level(|| self.alternation(parts)),
        }
    }

    /// One after the other.
    fn all<T>(
        &mut self,
        parts: impl Iterator<Item = T>,
        mut one: impl FnMut(&mut Self, T) -> Option<Part>,
    ) -> Option<Part> {
        let mut whole: Option<Part> = None;
        for part in parts {
            let (start, end) = one(self, part)?;
            whole = Some(match whole {
                None => (start, end),
                Some((first, last)) => {
                    self.link(last, start);
                    (first, end)
                }
            });
        }
        whole.or_else(|| self.one(Instruction::Jump(NOWHERE)))
    }

    fn class(&mut self, class: &Class) -> Option<Part> {
        if let Some(number) = self.places.get(&std::ptr::from_ref(class)) {
            return self.one(Instruction::Class(*number, NOWHERE));
        }
        let ranges: Box<[(char, char)]> = match class {
            Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
            Class::Bytes(class) => {
                class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
            }
        };
        let number = match self.known.get(&ranges) {
            Some(number) => *number,
            None => {
                let number = self.classes.len() as u32;
                self.classes.push(Runes::new(ranges.clone()));
                self.known.insert(ranges, number);
                number
            }
        };
        self.places.insert(class, number);
        self.one(Instruction::Class(number, NOWHERE))
    }

    fn capture(&mut self, index: u32, sub: &Hir) -> Option<Part> {
        let start = self.add(Instruction::Save(index * 2, NOWHERE))?;
        let (first, last) = self.part(sub)?;
        let end = self.add(Instruction::Save(index * 2 + 1, NOWHERE))?;
        self.link(start, first);
        self.link(last, end);
        Some((start, end))
    }

    fn alternation(&mut self, parts: &[Hir]) -> Option<Part> {
        let end = self.add(Instruction::Jump(NOWHERE))?;
        let (mut start, mut last): (Option<u32>, Option<u32>) = (None, None);
        for (index, part) in parts.iter().enumerate() {
            let (first, final_one) = self.part(part)?;
            self.link(final_one, end);
            let entry = if index + 1 < parts.len() { self.split(true, first, NOWHERE)? } else { first };
            if let Some(last) = last.replace(entry) {
                self.link(last, entry);
            }
            start = start.or(Some(entry));
        }
        Some((start.unwrap_or(end), end))
    }

    fn repetition(&mut self, repetition: &Repetition) -> Option<Part> {
        let Repetition { min, max, greedy, sub } = repetition;
        let exactly = |compiler: &mut Self, count: u32| compiler.all(0..count, |compiler, _| compiler.part(sub));
        let Some(max) = *max else {
            if *min > 1 {
                let (start, last) = exactly(self, min - 1)?;
                let (first, end) = self.at_least_one(sub, *greedy)?;
                self.link(last, first);
                return Some((start, end));
            }
            // One instruction both begins and repeats what is never empty: which one is reached twice tells what is preferred.
            if *min == 0 && sub.properties().minimum_len().is_some_and(|length| length > 0) {
                let (first, last) = self.part(sub)?;
                let end = self.add(Instruction::Jump(NOWHERE))?;
                let split = self.split(*greedy, first, end)?;
                self.link(last, split);
                return Some((split, end));
            }
            let (first, end) = self.at_least_one(sub, *greedy)?;
            if *min == 1 {
                return Some((first, end));
            }
            return Some((self.split(*greedy, first, end)?, end));
        };
        let (start, mut last) = exactly(self, *min)?;
        let end = self.add(Instruction::Jump(NOWHERE))?;
        for _ in *min..max {
            let (first, own_end) = self.part(sub)?;
            let split = self.split(*greedy, first, end)?;
            self.link(last, split);
            last = own_end;
        }
        self.link(last, end);
        Some((start, end))
    }

    fn at_least_one(&mut self, sub: &Hir, greedy: bool) -> Option<Part> {
        let (start, last) = self.part(sub)?;
        let end = self.add(Instruction::Jump(NOWHERE))?;
        let again = self.split(greedy, start, end)?;
        self.link(last, again);
        Some((start, end))
    }
}
