"""The queue: shared by all nodes, each shard of it seen to by one at a time.

The scripts make up the keys of a shard from its tag, `{qN}`. A member, of a sorted set, is the number of its
acceptance (12 hexadecimal digits), its priority (one) and its id; LANE is live, push or webhook.

    :n              hash      id -> the notification
    :m              hash      id -> "PLACE ORDER_KEY SIZE"; the place: number, priority and a letter for the lane
    :tries          hash      id -> "TRIES DUE RANK" of what was given back, or has its place in a stream and goes first
    :ready:LANE     sorted    members by order key, or by rank
    :scheduled:LANE sorted    members by when they come up
    :leased:LANE    sorted    members by the end of the lease
    :held           hash      id -> "TOKEN END" of the lease
    :all            sorted    members by when they were accepted
    :priorities     hash      priority -> how many there are, leased ones included
    :seq            number    of the last acceptance
    :figures        hash      bytes, rows, events; owner and fence of who saw to it last
    :owner          string    the node that sees to it, for a few seconds
    :paused         string    there while the queue is paused
    :bell, :told    topics    see `redislink.keys`

And of the receipts:

    :r:ID           hash      r (the receipt), s (when it was settled), state, a (acks)
    :t:ID           list      the events of its timeline
    :u:ID           hash      the rows of its users, see `receipts.rows`
    :settled        list      "SETTLED_AT USERS ID", the oldest first
    :events         list      an id for each event, the oldest first
    :noted:NODE     number    of the last call of a node that noted something; for an hour

`redislink.keys.LetterKeys` names those of the dead letters, which lie under the same tag.
"""
