//! Many at once, through different facets.

use std::sync::Arc;

use statelock_protocol::lock::unified::Facet;
use statelock_server::storage::Storage;
use tokio::sync::Barrier;

use crate::server::{SECOND, Server, embedded, memory};

const RACERS: u64 = 32;
const ROUNDS: u64 = 200;

async fn race(server: &Server, round: u64) {
    let start = Arc::new(Barrier::new(usize::try_from(RACERS).unwrap()));
    let racers: Vec<_> = (0..RACERS)
        .map(|racer| {
            // Each facet's turn to be first comes.
            let facet = Facet::ALL[usize::try_from((racer + round) % 3).unwrap()];
            let (client, id) = (server.client(racer), format!("{round}-{racer}"));
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                client.take(facet, &id).await.then_some((client, facet, id))
            })
        })
        .collect();
    let mut winners = Vec::new();
    for racer in racers {
        winners.extend(racer.await.unwrap());
    }
    let [(client, facet, id)] = winners.as_slice() else {
        panic!("round {round}: {} winners", winners.len())
    };
    assert_eq!(server.holder().await.as_ref(), Some(id));
    client.release(*facet, id).await;
    assert_eq!(server.holder().await, None);
}

fn races(storage: Arc<dyn Storage>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::with_bucket(storage).await;
        for round in 0..ROUNDS {
            race(&server, round).await;
            // What happened is forgotten now and then, so that late rounds are not about old ones.
            server.clock.advance(4 * 60 * SECOND);
        }
        assert_eq!(server.pieces().await, 0, "bodies of those who lost");
    });
}

#[test]
fn p1_thirty_two_racers_through_all_facets_have_one_winner_in_memory() {
    races(memory());
}

#[test]
fn p1_thirty_two_racers_through_all_facets_have_one_winner_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    races(embedded(&directory));
}
