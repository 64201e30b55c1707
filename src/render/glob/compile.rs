//! From the tree of a pattern to matchers, simplified as the library does it, for better or for worse.

use super::matcher::{Matcher, Tree};
use super::syntax::Node;
use super::{Fault, Steps};

/// What stands for a part of a pattern.
pub(super) fn compile(node: Node, steps: &mut Steps) -> Result<Matcher, Fault> {
    steps.take(1)?;
    let matcher = match node {
        Node::AnyOf(alternatives) => {
            return match without_common_parts(alternatives, steps)? {
                Ok(minimized) => compile(minimized, steps),
                Err(alternatives) => Ok(Matcher::AnyOf(compile_all(alternatives, steps)?)),
            };
        }
        Node::Pattern(children) if children.is_empty() => return Ok(Matcher::Nothing),
        Node::Pattern(children) => {
            let all = compile_all(children, steps)?;
            in_sequence(minimize(all, steps)?, steps)?
        }
        Node::Any => Matcher::Any,
        Node::Super => Matcher::Super,
        Node::Single => Matcher::Single,
        Node::Nothing => Matcher::Nothing,
        Node::List { chars, not } => Matcher::List { chars: chars.chars().collect(), not },
        Node::Range { lo, hi, not } => Matcher::Range { lo, hi, not },
        Node::Text(text) => Matcher::text(text),
    };
    Ok(optimize(matcher))
}

fn compile_all(nodes: Vec<Node>, steps: &mut Steps) -> Result<Vec<Matcher>, Fault> {
    nodes.into_iter().map(|node| compile(node, steps).map(optimize)).collect()
}

fn optimize(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::AnyOf(mut all) if all.len() == 1 => all.pop().unwrap_or(Matcher::Nothing),
        Matcher::List { chars, not: false } if chars.len() == 1 => Matcher::text(chars.into_iter().collect()),
        Matcher::Tree(tree) => optimize_tree(*tree),
        other => other,
    }
}

fn optimize_tree(mut tree: Tree) -> Matcher {
    use Matcher::{Any, Prefix, Suffix, Super};

    tree.left = tree.left.map(optimize);
    tree.right = tree.right.map(optimize);
    let Matcher::Text { text, .. } = &tree.value else { return Matcher::Tree(Box::new(tree)) };
    let own = || text.clone();
    match (&tree.left, &tree.right) {
        (None, None) => Matcher::text_of_bytes(own()),
        (Some(Super), Some(Super)) => Matcher::Contains { needle: own(), not: false },
        (Some(Super), None) => Suffix(own()),
        (None, Some(Super)) => Prefix(own()),
        (None, Some(Suffix(suffix))) => Matcher::PrefixSuffix(own(), suffix.clone()),
        (Some(Prefix(prefix)), None) => Matcher::PrefixSuffix(prefix.clone(), own()),
        (Some(Any), None) => Matcher::SuffixAny(own()),
        (None, Some(Any)) => Matcher::PrefixAny(own()),
        _ => Matcher::Tree(Box::new(tree)),
    }
}

/// One matcher for what comes one after the other: a tree around the longest part whose length is known.
fn in_sequence(mut matchers: Vec<Matcher>, steps: &mut Steps) -> Result<Matcher, Fault> {
    steps.take(matchers.len())?;
    if matchers.len() > 1
        && (extent_of_every(&matchers) == matchers.len() || extent_of_row(&matchers) == matchers.len())
    {
        return Ok(glue(matchers));
    }
    let mut longest: Option<(usize, usize)> = None;
    for (at, matcher) in matchers.iter().enumerate() {
        if let Some(length) = matcher.length()
            && longest.is_none_or(|(_, most)| length >= most)
        {
            longest = Some((at, length));
        }
    }
    let at = longest.map_or(0, |(at, _)| at);
    let right = matchers.split_off((at + 1).min(matchers.len()));
    let Some(value) = matchers.pop() else { return Ok(Matcher::Nothing) };
    if matchers.is_empty() && right.is_empty() {
        return Ok(value);
    }
    let mut side = |side: Vec<Matcher>| if side.is_empty() { Ok(None) } else { in_sequence(side, steps).map(Some) };
    let (left, right) = (side(matchers)?, side(right)?);
    Ok(Matcher::Tree(Box::new(Tree::new(value, left, right))))
}

/// Puts one matcher for several, as long as there are neighbours for which there is one.
fn minimize(mut matchers: Vec<Matcher>, steps: &mut Steps) -> Result<Vec<Matcher>, Fault> {
    loop {
        // The range that is replaced, and the length of what it is replaced with.
        let mut best: Option<(usize, usize, Option<usize>)> = None;
        for left in 0..matchers.len() {
            let (every, row) = (left + extent_of_every(&matchers[left..]), left + extent_of_row(&matchers[left..]));
            let furthest = every.max(row);
            steps.take(2 * (furthest - left) + 2)?;
            // The length of those up to an end.
            let mut length: usize = matchers[left..row].iter().filter_map(Matcher::length).sum();
            for right in (left + 2..=furthest).rev() {
                let glued = if right <= every { None } else { Some(length) };
                let better = best.is_none_or(|(from, to, done)| {
                    glued.zip(done).is_some_and(|(glued, done)| glued > done) || to - from < right - left
                });
                if better {
                    best = Some((left, right, glued));
                }
                if right <= row {
                    length -= matchers[right - 1].length().unwrap_or_default();
                }
            }
        }
        let Some((left, right, _)) = best else { return Ok(matchers) };
        steps.take(matchers.len())?;
        let after = matchers.split_off(right);
        let glued = glue(matchers.split_off(left));
        matchers.push(glued);
        matchers.extend(after);
    }
}

/// The characters that a matcher does not take; `None` for one that says more.
fn excluded(matcher: &Matcher) -> Option<&[char]> {
    match matcher {
        Matcher::Super => Some(&[]),
        Matcher::Any | Matcher::Single => Some(&['/']),
        Matcher::List { chars, not: true } => Some(chars),
        _ => None,
    }
}

/// How many from the first on say no more than which characters they do not take, and the same.
fn extent_of_every(matchers: &[Matcher]) -> usize {
    let Some(first) = matchers.first().and_then(excluded) else { return 0 };
    matchers.iter().take_while(|matcher| excluded(matcher) == Some(first)).count()
}

/// How many from the first on have a known length.
fn extent_of_row(matchers: &[Matcher]) -> usize {
    matchers.iter().take_while(|matcher| matcher.length().is_some()).count()
}

/// One for all of several, which can be glued.
fn glue(matchers: Vec<Matcher>) -> Matcher {
    if extent_of_every(&matchers) < matchers.len() {
        let length = matchers.iter().filter_map(Matcher::length).sum();
        return Matcher::Row { matchers, length };
    }
    let separators: String = matchers.first().and_then(excluded).unwrap_or_default().iter().collect();
    let has_super = matchers.iter().any(|matcher| matches!(matcher, Matcher::Super));
    let has_any = matchers.iter().any(|matcher| matches!(matcher, Matcher::Any));
    let least = matchers.iter().filter(|matcher| !matches!(matcher, Matcher::Super | Matcher::Any)).count();
    if has_super && !has_any && least == 0 {
        return Matcher::Super;
    }
    if has_any && !has_super && least == 0 {
        return Matcher::Any;
    }
    if (has_any || has_super) && least > 0 && separators.is_empty() {
        return Matcher::Min(least);
    }
    let mut every = Vec::new();
    if least > 0 {
        every.push(Matcher::Min(least));
        if !has_any && !has_super {
            every.push(Matcher::Max(least));
        }
    }
    if !separators.is_empty() {
        every.push(Matcher::Contains { needle: separators.into_bytes(), not: true });
    }
    Matcher::EveryOf(every)
}

/// Alternatives with what is common to all of them, at the beginning and at the end, taken out; themselves if there is nothing.
fn without_common_parts(alternatives: Vec<Node>, steps: &mut Steps) -> Result<Result<Node, Vec<Node>>, Fault> {
    let children: Option<Vec<&[Node]>> = alternatives
        .iter()
        .map(|alternative| if let Node::Pattern(children) = alternative { Some(children.as_slice()) } else { None })
        .collect();
    let Some(children) = children else { return Ok(Err(alternatives)) };
    let (left, right) = common(&children, steps)?;
    if left == 0 && right == 0 {
        return Ok(Err(alternatives));
    }
    let pattern = |nodes: &[Node]| Node::Pattern(nodes.to_vec());
    let shortest = children.iter().min_by_key(|nodes| nodes.len()).copied().unwrap_or_default();
    let mut result = Vec::new();
    if left > 0 {
        result.push(pattern(&shortest[..left]));
    }
    let mut rest: Vec<Node> = Vec::new();
    for nodes in &children {
        let own = &nodes[left..nodes.len() - right];
        let node = if own.is_empty() { Node::Nothing } else { pattern(own) };
        steps.take(rest.len() * 8 + 1)?;
        if !rest.contains(&node) {
            rest.push(node);
        }
    }
    match rest.as_slice() {
        [Node::Nothing] | [] => {}
        [_] => result.append(&mut rest),
        _ => result.push(Node::AnyOf(rest)),
    }
    if right > 0 {
        result.push(pattern(&shortest[shortest.len() - right..]));
    }
    Ok(Ok(Node::Pattern(result)))
}

/// How many parts are common at the beginning and at the end, as the library counts.
fn common(all: &[&[Node]], steps: &mut Steps) -> Result<(usize, usize), Fault> {
    let Some((least, tree)) = all.iter().enumerate().min_by_key(|(_, nodes)| nodes.len()).filter(|_| all.len() > 1)
    else {
        return Ok((0, 0));
    };
    let length = tree.len();
    let (mut left, mut right, mut total) = (0, 0, 0);
    let (mut break_left, mut break_right) = (false, false);
    for i in 0..length {
        if total >= length || (break_left && break_right) {
            break;
        }
        let j = length - 1 - i;
        for (k, other) in all.iter().enumerate() {
            if break_left && break_right {
                break;
            }
            if k == least {
                continue;
            }
            steps.take(8)?;
            break_left = break_left || tree[i] != other[i];
            // Nothing counts on both sides.
            break_right = break_right || (!break_left && j <= i);
            break_right = break_right || tree[j] != other[j + other.len() - length];
        }
        if !break_left {
            total += 1;
            left += 1;
        }
        if !break_right {
            total += 1;
            right = length - j;
        }
    }
    Ok((left, right))
}
