//! Requests of a probe to the lock table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::store::TableName;

use super::answer::Answer;
use super::seat::{Seat, Service};
use super::stage::Stage;
use crate::system;
use crate::transport::failure::failed;

/// Attempts at what only reads, or what a store puts off.
const ATTEMPTS: u8 = 4;

/// What stands under a LockID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ItemLook {
    /// An item with this `Info`.
    Found(Option<String>),
    Nothing,
    NotKnown(Answer),
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

impl Stage {
    /// Puts an item on condition that there is none, in one attempt.
    pub(super) async fn put_item(&self, seat: &Seat, (id, info): (&str, &str)) -> Answer {
        match self.limits.admit(1) {
            Ok(()) => self.send_item(seat, (id, info)).await,
            Err(why) => Answer::not_sent(why),
        }
    }

    /// As [`Self::put_item`], of a request that is admitted already.
    pub(super) async fn send_item(&self, seat: &Seat, (id, info): (&str, &str)) -> Answer {
        let Some(table) = &self.table else { return Answer::no_table() };
        self.written().items.note(id);
        let call = seat.tables.put_item().table_name(table.as_str());
        let call = call.item("LockID", text(id)).item("Info", text(info));
        let call = call.condition_expression("attribute_not_exists(LockID)");
        let answer = match Box::pin(call.send()).await {
            Ok(_) => Answer::done(None),
            Err(error) => failed("DynamoDB", "PutItem", &error).into(),
        };
        self.written().items.answered(id, &answer);
        seat.note_use(Service::Tables);
        answer
    }

    /// Deletes an item; with an `Info`, on condition that it has that.
    pub(super) async fn delete_item(&self, seat: &Seat, id: &str, info: Option<&str>) -> Answer {
        let Some(table) = &self.table else { return Answer::no_table() };
        if let Err(why) = self.limits.admit(1) {
            return Answer::not_sent(why);
        }
        let call = seat.tables.delete_item().table_name(table.as_str()).key("LockID", text(id));
        let call = match info {
            Some(info) => call
                .condition_expression("Info = :info")
                .expression_attribute_values(":info", text(info)),
            None => call,
        };
        match Box::pin(call.send()).await {
            Ok(_) => Answer::done(None),
            Err(error) => failed("DynamoDB", "DeleteItem", &error).into(),
        }
    }

    /// Reads an item, consistently.
    pub(super) async fn look_at_item(&self, seat: &Seat, id: &str) -> ItemLook {
        let Some(table) = &self.table else { return ItemLook::NotKnown(Answer::no_table()) };
        let mut attempt = 0;
        loop {
            if let Err(why) = self.limits.admit(1) {
                return ItemLook::NotKnown(Answer::not_sent(why));
            }
            let answer = match self.read_item_once(seat, table, id).await {
                Ok(Some(item)) => {
                    self.written().items.note(id);
                    let info = item.get("Info").and_then(|info| info.as_s().ok()).cloned();
                    return ItemLook::Found(info);
                }
                Ok(None) => return ItemLook::Nothing,
                Err(answer) => answer,
            };
            attempt += 1;
            if attempt >= ATTEMPTS || !answer.is_passing() {
                return ItemLook::NotKnown(answer);
            }
            system::pause(attempt).await;
        }
    }

    pub(super) async fn read_item_once(
        &self,
        seat: &Seat,
        table: &TableName,
        id: &str,
    ) -> Result<Option<HashMap<String, AttributeValue>>, Answer> {
        let call = seat.tables.get_item().table_name(table.as_str()).key("LockID", text(id));
        let call = call.projection_expression("LockID, Info").consistent_read(true);
        let result = Box::pin(call.send()).await;
        seat.note_use(Service::Tables);
        let output = result.map_err(|error| Answer::from(failed("DynamoDB", "GetItem", &error)))?;
        Ok(output.item)
    }
}
