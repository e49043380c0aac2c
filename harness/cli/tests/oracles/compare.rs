//! Where two scanners differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use hallmark_tls::ProtocolVersion;

/// Something that a server accepts or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Version(ProtocolVersion),
    /// By its IANA name; of SSLv2 by the specification's.
    Suite(ProtocolVersion, String),
    /// By its IANA name.
    Group(ProtocolVersion, String),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "{version}"),
            Self::Suite(version, name) | Self::Group(version, name) => {
                write!(f, "{version} {name}")
            }
        }
    }
}

/// What a scanner saw of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What the server accepts.
    pub(crate) accepted: BTreeSet<Item>,
    /// In which versions it looks for groups.
    pub(crate) tells_groups: BTreeSet<ProtocolVersion>,
    /// Whether the server insists on its order of cipher suites, and then which that is.
    pub(crate) orders: BTreeMap<ProtocolVersion, Option<Vec<String>>>,
}

/// Something that one says is accepted and the other not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) item: Item,
    /// Whether we say that it is accepted.
    pub(crate) ours: bool,
}

/// Every difference, in order.
pub(crate) fn compare(ours: &Seen, theirs: &Seen) -> Vec<Difference> {
    let is_told =
        |version| ours.tells_groups.contains(version) && theirs.tells_groups.contains(version);
    ours.accepted
        .symmetric_difference(&theirs.accepted)
        .filter(|item| !matches!(item, Item::Group(version, _) if !is_told(version)))
        .map(|item| Difference { item: item.clone(), ours: ours.accepted.contains(item) })
        .collect()
}

/// The versions in which both tell of the server's order, and differ on it.
pub(crate) fn compare_orders(ours: &Seen, theirs: &Seen) -> Vec<ProtocolVersion> {
    let differ = |(version, order): &(&ProtocolVersion, &Option<Vec<String>>)| {
        theirs.orders.get(version).is_some_and(|their_order| their_order != *order)
    };
    ours.orders.iter().filter(differ).map(|(version, _)| *version).collect()
}

#[cfg(test)]
mod tests {
    use ProtocolVersion::{Tls12, Tls13};

    use super::*;

    fn seen() -> Seen {
        let accepted = [
            Item::Version(Tls12),
            Item::Version(Tls13),
            Item::Suite(Tls12, "TLS_RSA_WITH_NULL_MD5".to_owned()),
            Item::Suite(Tls13, "TLS_AES_128_GCM_SHA256".to_owned()),
            Item::Group(Tls13, "x25519".to_owned()),
        ];
        let order = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"].map(ToOwned::to_owned);
        Seen {
            accepted: accepted.into(),
            tells_groups: [Tls12, Tls13].into(),
            orders: [(Tls13, Some(order.into())), (Tls12, None)].into(),
        }
    }

    #[test]
    fn equal_is_equal() {
        assert_eq!(compare(&seen(), &seen()), []);
    }

    /// The positive control: whatever is taken out on either side is missed.
    #[test]
    fn whatever_is_missing_is_found_on_either_side() {
        for item in seen().accepted {
            let mut fewer = seen();
            fewer.accepted.remove(&item);
            let ours = Difference { item: item.clone(), ours: false };
            assert_eq!(compare(&fewer, &seen()), [ours]);
            let theirs = Difference { item, ours: true };
            assert_eq!(compare(&seen(), &fewer), [theirs]);
        }
    }

    #[test]
    fn the_same_suite_in_another_version_is_another() {
        let mut other = seen();
        other.accepted.remove(&Item::Suite(Tls12, "TLS_RSA_WITH_NULL_MD5".to_owned()));
        other.accepted.insert(Item::Suite(Tls13, "TLS_RSA_WITH_NULL_MD5".to_owned()));
        assert_eq!(compare(&seen(), &other).len(), 2);
    }

    #[test]
    fn groups_count_only_where_both_tell_them() {
        let mut none = seen();
        none.accepted.retain(|item| !matches!(item, Item::Group(..)));
        assert_eq!(compare(&seen(), &none).len(), 1);
        none.tells_groups.remove(&Tls13);
        assert_eq!(compare(&seen(), &none), []);
    }

    #[test]
    fn another_order_is_found_where_both_tell_one() {
        assert_eq!(compare_orders(&seen(), &seen()), []);
        let mut turned = seen();
        turned.orders.get_mut(&Tls13).unwrap().as_mut().unwrap().reverse();
        assert_eq!(compare_orders(&seen(), &turned), [Tls13]);
        turned.orders = [(Tls12, Some(Vec::new()))].into();
        assert_eq!(compare_orders(&seen(), &turned), [Tls12]);
    }
}
