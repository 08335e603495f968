package binlog

import "strconv"

// EventType is the kind of an event, as the log numbers it.
type EventType uint8

// The events of MySQL, and from 160 on those that MariaDB alone has.
const (
	StopEvent               EventType = 3
	QueryEvent              EventType = 2
	RotateEvent             EventType = 4
	IntvarEvent             EventType = 5
	RandEvent               EventType = 13
	UserVarEvent            EventType = 14
	FormatEvent             EventType = 15
	XIDEvent                EventType = 16
	BeginLoadQueryEvent     EventType = 17
	ExecuteLoadQueryEvent   EventType = 18
	TableMapEvent           EventType = 19
	WriteRowsEventV1        EventType = 23
	UpdateRowsEventV1       EventType = 24
	DeleteRowsEventV1       EventType = 25
	IncidentEvent           EventType = 26
	HeartbeatEvent          EventType = 27
	IgnorableEvent          EventType = 28
	RowsQueryEvent          EventType = 29
	WriteRowsEvent          EventType = 30
	UpdateRowsEvent         EventType = 31
	DeleteRowsEvent         EventType = 32
	GTIDEvent               EventType = 33
	AnonymousGTIDEvent      EventType = 34
	PreviousGTIDsEvent      EventType = 35
	TransactionContextEvent EventType = 36
	ViewChangeEvent         EventType = 37
	XAPrepareEvent          EventType = 38
	PartialUpdateRowsEvent  EventType = 39
	PayloadEvent            EventType = 40
	HeartbeatEventV2        EventType = 41
	GTIDTaggedEvent         EventType = 42

	MariaAnnotateRowsEvent     EventType = 160
	MariaCheckpointEvent       EventType = 161
	MariaGTIDEvent             EventType = 162
	MariaGTIDListEvent         EventType = 163
	MariaStartEncryptionEvent  EventType = 164
	MariaQueryCompressedEvent  EventType = 165
	MariaWriteRowsCompressed   EventType = 166
	MariaUpdateRowsCompressed  EventType = 167
	MariaDeleteRowsCompressed  EventType = 168
	MariaWriteRowsCompressed2  EventType = 169
	MariaUpdateRowsCompressed2 EventType = 170
	MariaDeleteRowsCompressed2 EventType = 171
)

// String gives the name that the servers' documentation uses.
func (t EventType) String() string {
	switch t {
	case StopEvent:
		return "STOP_EVENT"
	case QueryEvent:
		return "QUERY_EVENT"
	case RotateEvent:
		return "ROTATE_EVENT"
	case IntvarEvent:
		return "INTVAR_EVENT"
	case RandEvent:
		return "RAND_EVENT"
	case UserVarEvent:
		return "USER_VAR_EVENT"
	case FormatEvent:
		return "FORMAT_DESCRIPTION_EVENT"
	case XIDEvent:
		return "XID_EVENT"
	case BeginLoadQueryEvent:
		return "BEGIN_LOAD_QUERY_EVENT"
	case ExecuteLoadQueryEvent:
		return "EXECUTE_LOAD_QUERY_EVENT"
	case TableMapEvent:
		return "TABLE_MAP_EVENT"
	case WriteRowsEventV1:
		return "WRITE_ROWS_EVENT_V1"
	case UpdateRowsEventV1:
		return "UPDATE_ROWS_EVENT_V1"
	case DeleteRowsEventV1:
		return "DELETE_ROWS_EVENT_V1"
	case IncidentEvent:
		return "INCIDENT_EVENT"
	case HeartbeatEvent:
		return "HEARTBEAT_LOG_EVENT"
	case IgnorableEvent:
		return "IGNORABLE_LOG_EVENT"
	case RowsQueryEvent:
		return "ROWS_QUERY_LOG_EVENT"
	}
	return t.newerName()
}

func (t EventType) newerName() string {
	switch t {
	case WriteRowsEvent:
		return "WRITE_ROWS_EVENT"
	case UpdateRowsEvent:
		return "UPDATE_ROWS_EVENT"
	case DeleteRowsEvent:
		return "DELETE_ROWS_EVENT"
	case GTIDEvent:
		return "GTID_LOG_EVENT"
	case AnonymousGTIDEvent:
		return "ANONYMOUS_GTID_LOG_EVENT"
	case PreviousGTIDsEvent:
		return "PREVIOUS_GTIDS_LOG_EVENT"
	case TransactionContextEvent:
		return "TRANSACTION_CONTEXT_EVENT"
	case ViewChangeEvent:
		return "VIEW_CHANGE_EVENT"
	case XAPrepareEvent:
		return "XA_PREPARE_LOG_EVENT"
	case PartialUpdateRowsEvent:
		return "PARTIAL_UPDATE_ROWS_EVENT"
	case PayloadEvent:
		return "TRANSACTION_PAYLOAD_EVENT"
	case HeartbeatEventV2:
		return "HEARTBEAT_LOG_EVENT_V2"
	case GTIDTaggedEvent:
		return "GTID_TAGGED_LOG_EVENT"
	case MariaAnnotateRowsEvent:
		return "ANNOTATE_ROWS_EVENT"
	case MariaCheckpointEvent:
		return "BINLOG_CHECKPOINT_EVENT"
	case MariaGTIDEvent:
		return "GTID_EVENT"
	case MariaGTIDListEvent:
		return "GTID_LIST_EVENT"
	case MariaStartEncryptionEvent:
		return "START_ENCRYPTION_EVENT"
	case MariaQueryCompressedEvent:
		return "QUERY_COMPRESSED_EVENT"
	case MariaWriteRowsCompressed, MariaWriteRowsCompressed2:
		return "WRITE_ROWS_COMPRESSED_EVENT"
	case MariaUpdateRowsCompressed, MariaUpdateRowsCompressed2:
		return "UPDATE_ROWS_COMPRESSED_EVENT"
	case MariaDeleteRowsCompressed, MariaDeleteRowsCompressed2:
		return "DELETE_ROWS_COMPRESSED_EVENT"
	}
	return "event type " + strconv.Itoa(int(t))
}

// IsRows says whether the event carries rows: Tables.Rows takes it apart.
func (t EventType) IsRows() bool {
	return t >= WriteRowsEvent && t <= DeleteRowsEvent ||
		t >= WriteRowsEventV1 && t <= DeleteRowsEventV1 ||
		t == PartialUpdateRowsEvent ||
		t >= MariaWriteRowsCompressed && t <= MariaDeleteRowsCompressed2
}

// IsGTID says whether the event begins a transaction: Event.GTID or, where it
// is MariaDB's, Event.MariaGTID takes it apart.
func (t EventType) IsGTID() bool {
	return t == GTIDEvent || t == AnonymousGTIDEvent || t == GTIDTaggedEvent || t == MariaGTIDEvent
}

// ColumnType is the type of a column in a table map.
type ColumnType uint8

// The types of columns as they lie in a row image.
const (
	TypeDecimalOld     ColumnType = 0 // before 5.0, which is refused
	TypeTiny           ColumnType = 1
	TypeShort          ColumnType = 2
	TypeLong           ColumnType = 3
	TypeFloat          ColumnType = 4
	TypeDouble         ColumnType = 5
	TypeNull           ColumnType = 6
	TypeTimestampOld   ColumnType = 7
	TypeLongLong       ColumnType = 8
	TypeInt24          ColumnType = 9
	TypeDate           ColumnType = 10
	TypeTimeOld        ColumnType = 11
	TypeDatetimeOld    ColumnType = 12
	TypeYear           ColumnType = 13
	TypeNewDate        ColumnType = 14
	TypeVarchar        ColumnType = 15
	TypeBit            ColumnType = 16
	TypeTimestamp      ColumnType = 17
	TypeDatetime       ColumnType = 18
	TypeTime           ColumnType = 19
	TypeBlobCompressed ColumnType = 140 // MariaDB's COMPRESSED columns
	TypeVarcharCompr   ColumnType = 141
	TypeVector         ColumnType = 242
	TypeJSON           ColumnType = 245
	TypeDecimal        ColumnType = 246
	TypeEnum           ColumnType = 247
	TypeSet            ColumnType = 248
	TypeTinyBlob       ColumnType = 249
	TypeMediumBlob     ColumnType = 250
	TypeLongBlob       ColumnType = 251
	TypeBlob           ColumnType = 252
	TypeVarString      ColumnType = 253
	TypeString         ColumnType = 254
	TypeGeometry       ColumnType = 255
)

var columnTypeNames = [256]string{
	TypeDecimalOld: "DECIMAL (before 5.0)", TypeTiny: "TINYINT", TypeShort: "SMALLINT", TypeLong: "INT", TypeFloat: "FLOAT",
	TypeDouble: "DOUBLE", TypeNull: "NULL", TypeTimestampOld: "TIMESTAMP (before 5.6)", TypeLongLong: "BIGINT",
	TypeInt24: "MEDIUMINT", TypeDate: "DATE", TypeTimeOld: "TIME (before 5.6)", TypeDatetimeOld: "DATETIME (before 5.6)",
	TypeYear: "YEAR", TypeNewDate: "NEWDATE", TypeVarchar: "VARCHAR", TypeBit: "BIT", TypeTimestamp: "TIMESTAMP",
	TypeDatetime: "DATETIME", TypeTime: "TIME", TypeBlobCompressed: "BLOB COMPRESSED", TypeVarcharCompr: "VARCHAR COMPRESSED",
	TypeVector: "VECTOR", TypeJSON: "JSON", TypeDecimal: "DECIMAL", TypeEnum: "ENUM", TypeSet: "SET",
	TypeTinyBlob: "TINYBLOB", TypeMediumBlob: "MEDIUMBLOB", TypeLongBlob: "LONGBLOB", TypeBlob: "BLOB",
	TypeVarString: "VARCHAR", TypeString: "CHAR", TypeGeometry: "GEOMETRY",
}

// String gives the type's name in SQL.
func (t ColumnType) String() string {
	if name := columnTypeNames[t]; name != "" {
		return name
	}
	return "column type " + strconv.Itoa(int(t))
}
