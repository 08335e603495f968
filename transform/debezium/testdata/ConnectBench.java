import java.math.BigDecimal;
import java.util.Map;
import org.apache.kafka.connect.data.*;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.*;
import io.debezium.transforms.ExtractNewRecordState;

/** The chain of BenchmarkUnwrapReplaceFieldAndInsertField in Connect's own transforms: prints records a CPU second, of the whole
 * process, once the JVM is warm. */
public class ConnectBench {
  static Schema optional(SchemaBuilder b) { return b.optional().build(); }

  public static void main(String[] args) {
    Schema row = SchemaBuilder.struct().name("shop.orders.Value").optional()
        .field("id", Schema.INT64_SCHEMA).field("customer_id", Schema.OPTIONAL_INT32_SCHEMA)
        .field("status", optional(SchemaBuilder.string().name("io.debezium.data.Enum").version(1).parameter("allowed", "new,paid,shipped")))
        .field("total", optional(Decimal.builder(2))).field("note", Schema.OPTIONAL_STRING_SCHEMA)
        .field("created_at", optional(SchemaBuilder.int64().name("io.debezium.time.MicroTimestamp").version(1)))
        .field("updated_at", optional(SchemaBuilder.string().name("io.debezium.time.ZonedTimestamp").version(1)))
        .field("attrs", optional(SchemaBuilder.string().name("io.debezium.data.Json").version(1))).build();
    Schema source = SchemaBuilder.struct().name("io.debezium.connector.mysql.Source").field("db", Schema.STRING_SCHEMA).field("ts_ms", Schema.INT64_SCHEMA).build();
    Schema envelope = SchemaBuilder.struct().name("shop.orders.Envelope")
        .field("before", row).field("after", row).field("source", source).field("op", Schema.STRING_SCHEMA).build();
    Struct after = new Struct(row).put("id", 7L).put("customer_id", 42).put("status", "paid").put("total", new BigDecimal("1234.56"))
        .put("note", "leave it at the door").put("created_at", 1700000000123456L).put("updated_at", "2023-11-14T22:13:20.123Z").put("attrs", "{\"gift\": true, \"size\": 3}");
    Struct value = new Struct(envelope).put("after", after).put("source", new Struct(source).put("db", "shop").put("ts_ms", 1000L)).put("op", "c");
    SourceRecord record = new SourceRecord(Map.of(), Map.of(), "shop.orders", null, null, null, envelope, value);

    ExtractNewRecordState<SourceRecord> unwrap = new ExtractNewRecordState<>();
    unwrap.configure(Map.of("add.fields", "op,source.ts_ms"));
    ReplaceField<SourceRecord> replace = new ReplaceField.Value<>();
    replace.configure(Map.of("exclude", "note", "renames", "total:amount"));
    InsertField<SourceRecord> insert = new InsertField.Value<>();
    insert.configure(Map.of("topic.field", "topic", "static.field", "origin", "static.value", "shop"));

    var os = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    double best = 0;
    long kept = 0;
    for (int round = 0; round < 8; round++) { // the first ones warm the JVM up
      int n = 500_000;
      long start = os.getProcessCpuTime();
      for (int i = 0; i < n; i++) {
        SourceRecord r = insert.apply(replace.apply(unwrap.apply(record)));
        kept += ((Struct) r.value()).schema().fields().size();
      }
      best = Math.max(best, n * 1e9 / (os.getProcessCpuTime() - start));
    }
    System.out.println((long) best + " " + kept);
  }
}
