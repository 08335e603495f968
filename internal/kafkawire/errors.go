package kafkawire

import kafkago "github.com/segmentio/kafka-go"

// Retriable says whether another try of the same bytes may help.
func Retriable(code kafkago.Error) bool {
	switch code {
	case kafkago.InvalidMessage, // damaged on the way
		kafkago.UnknownTopicOrPartition, kafkago.LeaderNotAvailable, kafkago.NotLeaderForPartition,
		kafkago.RequestTimedOut, kafkago.BrokerNotAvailable, kafkago.ReplicaNotAvailable, kafkago.NetworkException,
		kafkago.GroupLoadInProgress, kafkago.GroupCoordinatorNotAvailable, kafkago.NotCoordinatorForGroup,
		kafkago.NotEnoughReplicas, kafkago.NotEnoughReplicasAfterAppend, kafkago.NotController,
		kafkago.ConcurrentTransactions, kafkago.KafkaStorageError, kafkago.ListenerNotFound,
		kafkago.FencedLeaderEpoch, kafkago.UnknownLeaderEpoch, kafkago.ThrottlingQuotaExceeded,
		kafkago.UnknownTopicID, kafkago.InconsistentTopicID:
		return true
	}
	return false
}
