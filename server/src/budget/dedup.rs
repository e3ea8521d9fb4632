//! Removes duplicates from lists. The first mention of each thing stays, in its place.

use std::cmp::Ordering;

/// Lists up to this length are compared each with each: that is cheaper than to sort them.
const SHORT: usize = 16;

/// Keeps the first of those that `order` says are equal.
pub(crate) fn dedup<T>(list: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering) {
    dedup_merging(list, order, |_, _| {});
}

/// Keeps the first of those that `order` says are equal, and merges each of the others into it.
pub(crate) fn dedup_merging<T>(
    list: &mut Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
    mut put: impl FnMut(&mut T, T),
) {
    // Partitions nearly always come in their order: then there is nothing to be done.
    if list.is_sorted_by(|one, next| order(one, next).is_lt()) {
        return;
    }
    let firsts = if list.len() <= SHORT { firsts_of_few(list, order) } else { firsts(list, order) };
    let mut left = Vec::with_capacity(list.len());
    // Where the first of each is now.
    let mut places = vec![0; list.len()];
    for (at, (one, first)) in std::mem::take(list).into_iter().zip(firsts).enumerate() {
        if first == at {
            places[at] = left.len();
            left.push(one);
        } else {
            put(&mut left[places[first]], one);
        }
    }
    *list = left;
}

/// For each place, the first place with an equal entry.
fn firsts_of_few<T>(list: &[T], order: impl Fn(&T, &T) -> Ordering) -> Vec<usize> {
    let first = |one: &T| list.iter().position(|other| order(other, one).is_eq());
    list.iter().enumerate().map(|(at, one)| first(one).unwrap_or(at)).collect()
}

fn firsts<T>(list: &[T], order: impl Fn(&T, &T) -> Ordering) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..list.len()).collect();
    sorted.sort_unstable_by(|one, other| order(&list[*one], &list[*other]).then(one.cmp(other)));
    let mut firsts = vec![0; list.len()];
    let mut first = 0;
    for (rank, at) in sorted.iter().copied().enumerate() {
        let is_first = rank == 0 || order(&list[sorted[rank - 1]], &list[at]).is_ne();
        if is_first {
            first = at;
        }
        firsts[at] = first;
    }
    firsts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(mut list: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
        dedup(&mut list, |one, other| one.0.cmp(&other.0));
        list
    }

    #[test]
    fn the_first_of_each_stays_in_its_place() {
        assert_eq!(left(vec![]), []);
        assert_eq!(left(vec![(1, 0), (2, 0), (3, 0)]), [(1, 0), (2, 0), (3, 0)]);
        assert_eq!(left(vec![(3, 0), (1, 0), (2, 0)]), [(3, 0), (1, 0), (2, 0)]);
        assert_eq!(left(vec![(3, 0), (1, 1), (3, 2), (1, 3), (2, 4), (3, 5)]), [(3, 0), (1, 1), (2, 4)]);
    }

    #[test]
    fn long_lists_are_no_other() {
        let named = |at: u32| (at * 7 % 50, at);
        let expected: Vec<_> = (0..50).map(named).collect();
        assert_eq!(left((0..5000).map(named).collect()), expected);
    }

    #[test]
    fn what_comes_again_is_put_into_the_first() {
        let mut list: Vec<(u32, Vec<u32>)> = (0..100).rev().map(|at| (at % 3, vec![at])).collect();
        dedup_merging(&mut list, |one, other| one.0.cmp(&other.0), |first, again| first.1.extend(again.1));
        let keys: Vec<_> = list.iter().map(|one| one.0).collect();
        assert_eq!(keys, [0, 2, 1]);
        assert_eq!(list[1].1, (0..99).rev().filter(|at| at % 3 == 2).collect::<Vec<_>>()[..]);
    }
}
