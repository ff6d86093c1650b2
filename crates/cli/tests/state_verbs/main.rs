//! `statelock state pull|push|list-versions|restore` against the state server and against moto.
