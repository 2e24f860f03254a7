//! Exchanges through the whole house: what is released, what is refused, what is written, and what each side sees.

mod world;

use world::CENTRE;
use world::CUT;
use world::World;

#[tokio::test]
async fn an_allowed_lookup_is_released_with_only_the_granted_fields_byte_for_byte() {
    let world = World::start().await;
    let answered = world.lookup(CENTRE).await;
    assert_eq!((answered.status, &*answered.body), (200, CUT.as_bytes()));
    let leaves = world.end().await;
    assert_eq!(
        world::kinds(&leaves),
        ["log.opened", "policy.changed", "node.started", "exchange.released", "node.stopped"]
    );
}
