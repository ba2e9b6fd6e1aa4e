#include "storage/table/row_image.h"

#include <algorithm>

#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/column/bitmap.h"

namespace driftdb::storage {

namespace {

constexpr uint8_t kRowImageVersion = 1;

std::vector<uint32_t> RowImageStoredColumns(const TableSchema& schema) {
  std::vector<uint32_t> ordinals;
  for (uint32_t c = 0; c < schema.columns.size(); ++c) {
    if (!schema.columns[c].dropped) ordinals.push_back(c);
  }
  return ordinals;
}

void RowImageEncodeValue(const LogicalType& type, const void* value, Encoder* encoder) {
  if (type.physical() == PhysicalType::kString) {
    encoder->Bytes(static_cast<const StringRef*>(value)->view());
  } else {
    encoder->Raw(value, type.width());
  }
}

// One column of an image: header, NULL bits, values.
void RowImageEncodeColumn(const TableColumn& column, Vector* values, size_t rows,
                          const Selection& alive, Encoder* encoder) {
  const VectorView view = values->View(rows);
  encoder->Varint(column.id.value);
  encoder->U64(column.type.Pack());
  std::string nulls((alive.size() + 7) / 8, '\0');
  bool any = false;
  for (size_t i = 0; i < alive.size(); ++i) {
    if (view.valid(alive[i])) continue;
    nulls[i / 8] = static_cast<char>(nulls[i / 8] | (1 << (i % 8)));
    any = true;
  }
  encoder->U8(any ? 1 : 0);
  if (any) encoder->Raw(nulls.data(), nulls.size());
  const size_t width = column.type.width();
  for (size_t i = 0; i < alive.size(); ++i) {
    if (view.valid(alive[i])) {
      RowImageEncodeValue(column.type, view.data + view.position(alive[i]) * width, encoder);
    }
  }
}

// A decoded value in physical form.
struct RowImageValue {
  alignas(16) uint8_t bytes[16];
  const void* pointer() const { return bytes; }
};

void RowImageDecodeValue(const LogicalType& type, Decoder* decoder, RowImageValue* value) {
  if (type.physical() == PhysicalType::kString) {
    const StringRef string(decoder->Bytes());
    std::memcpy(value->bytes, &string, sizeof(string));
    return;
  }
  const std::string_view raw = decoder->Raw(type.width());
  if (raw.empty()) return;
  std::memcpy(value->bytes, raw.data(), raw.size());
  if (type.physical() == PhysicalType::kBool) value->bytes[0] = value->bytes[0] != 0 ? 1 : 0;
}

// Reads the column header: the ordinal, or -1 when the table no longer has the column.
Result<int> RowImageDecodeHeader(const TableSchema& schema, Decoder* decoder, LogicalType* type) {
  const ColumnId id(static_cast<uint32_t>(decoder->Varint()));
  *type = LogicalType::Unpack(decoder->U64());
  const int ordinal = schema.Find(id);
  if (ordinal < 0 || schema.columns[static_cast<size_t>(ordinal)].dropped) return -1;
  if (schema.columns[static_cast<size_t>(ordinal)].type.physical() != type->physical()) {
    return DataLossError("row image has column {} as {}, expected {}", id.value, type->ToString(),
                         schema.columns[static_cast<size_t>(ordinal)].type.ToString());
  }
  return ordinal;
}

void RowImageEncodeWords(const uint64_t* words, const Selection& alive, Encoder* encoder) {
  std::string runs;
  Encoder body(&runs);
  uint64_t count = 0;
  for (size_t i = 0; i < alive.size();) {
    size_t end = i + 1;
    while (end < alive.size() && words[alive[end]] == words[alive[i]]) ++end;
    body.Varint(end - i);
    body.Varint(words[alive[i]]);
    i = end;
    ++count;
  }
  encoder->Varint(count);
  encoder->Raw(runs.data(), runs.size());
}

Status RowImageDecodeWords(Decoder* decoder, const Selection& alive, HotChunk* chunk) {
  const uint64_t runs = decoder->Varint();
  size_t next = 0;
  for (uint64_t r = 0; r < runs && decoder->ok(); ++r) {
    const uint64_t length = decoder->Varint();
    const uint64_t seq = decoder->Varint();
    if (length == 0 || length > alive.size() - next || seq == 0 || seq > VersionWord::kNumberMask) {
      return DataLossError("row image of row {} has a damaged version run", chunk->first_rid());
    }
    for (uint64_t i = 0; i < length; ++i) {
      chunk->SetLoadedWord(alive[next++], VersionWord::Live(CommitSeq(seq)));
    }
  }
  if (next != alive.size()) {
    return DataLossError("row image of row {} has {} versions for {} rows", chunk->first_rid(),
                         next, alive.size());
  }
  return OkStatus();
}

Result<int> RowImageDecodeColumn(const TableSchema& schema, const Selection& alive,
                                 Decoder* decoder, std::vector<Vector>* columns) {
  LogicalType type;
  DRIFTDB_ASSIGN_OR_RETURN(const int ordinal, RowImageDecodeHeader(schema, decoder, &type));
  std::string_view nulls;
  if (decoder->U8() != 0) nulls = decoder->Raw((alive.size() + 7) / 8);
  Vector* out = ordinal < 0 ? nullptr : &(*columns)[static_cast<size_t>(ordinal)];
  RowImageValue value;
  for (size_t i = 0; i < alive.size() && decoder->ok(); ++i) {
    const bool null = !nulls.empty() && ((nulls[i / 8] >> (i % 8)) & 1) != 0;
    if (!null) RowImageDecodeValue(type, decoder, &value);
    if (out != nullptr) StorePhysical(out, alive[i], null ? nullptr : value.pointer());
  }
  DRIFTDB_RETURN_IF_ERROR(decoder->status("row image"));
  return ordinal;
}

}  // namespace

// ---- hot chunks ----

std::string EncodeChunkImage(const TableSchema& schema, CommitSeq seq, HotChunk* chunk) {
  const std::vector<uint32_t> ordinals = RowImageStoredColumns(schema);
  std::vector<Vector> columns;
  for (const uint32_t ordinal : ordinals) columns.emplace_back(schema.columns[ordinal].type);
  uint64_t bits[kValidityWords] = {};
  const auto words = std::make_unique<uint64_t[]>(kVectorRows);
  HotChunk::View view;
  view.alive = bits;
  view.words = words.get();
  view.columns = &columns;
  {
    const platform::LatchGuard latch(chunk->latch());
    chunk->set_dirty(!chunk->SettledAt(seq));
    if (!chunk->Scan(schema, Snapshot{seq, TxnId(0), 0}, ordinals, &view)) return {};
  }
  const auto alive = std::make_unique<Selection>();
  BitmapToSelection(bits, alive.get());
  std::string image;
  Encoder encoder(&image);
  encoder.U8(kRowImageVersion);
  encoder.Varint(view.rows);
  encoder.Varint(alive->size());
  if (alive->size() != view.rows) encoder.Raw(bits, (view.rows + 63) / 64 * sizeof(uint64_t));
  RowImageEncodeWords(words.get(), *alive, &encoder);
  encoder.Varint(ordinals.size());
  for (size_t i = 0; i < ordinals.size(); ++i) {
    RowImageEncodeColumn(schema.columns[ordinals[i]], &columns[i], view.rows, *alive, &encoder);
  }
  return image;
}

Status DecodeChunkImage(const TableSchema& schema, std::string_view image, HotChunk* chunk,
                        uint64_t* rows) {
  Decoder decoder(image);
  const uint8_t version = decoder.U8();
  const uint64_t slots = decoder.Varint();
  const uint64_t count = decoder.Varint();
  if (!decoder.ok() || version != kRowImageVersion || slots == 0 || slots > kChunkRows ||
      count == 0 || count > slots) {
    return DataLossError("row image of row {}: version {}, {} rows in {} slots", chunk->first_rid(),
                         version, count, slots);
  }
  uint64_t bits[kValidityWords];
  FillBitmap(bits, slots);
  if (count != slots) {
    const std::string_view raw = decoder.Raw((slots + 63) / 64 * sizeof(uint64_t));
    uint64_t stored[kValidityWords] = {};
    if (!raw.empty()) std::memcpy(stored, raw.data(), raw.size());
    for (size_t w = 0; w < kValidityWords; ++w) bits[w] &= stored[w];
  }
  if (CountBits(bits) != count) {
    return DataLossError("row image of row {} has {} rows, expected {}", chunk->first_rid(),
                         CountBits(bits), count);
  }
  const auto alive = std::make_unique<Selection>();
  BitmapToSelection(bits, alive.get());
  // Words lie before the columns, and need the slots that inserting the columns makes.
  Decoder words = decoder;
  const uint64_t runs = decoder.Varint();
  for (uint64_t r = 0; r < 2 * runs && decoder.ok(); ++r) (void)decoder.Varint();
  const uint64_t column_count = decoder.Varint();
  std::vector<Vector> columns;
  for (const TableColumn& column : schema.columns) {
    columns.emplace_back(column.type, kVectorRows);
    std::memset(columns.back().mutable_raw_data(), 0, slots * column.type.width());
  }
  std::vector<bool> present(columns.size(), false);
  for (uint64_t c = 0; c < column_count && decoder.ok(); ++c) {
    DRIFTDB_ASSIGN_OR_RETURN(const int ordinal,
                             RowImageDecodeColumn(schema, *alive, &decoder, &columns));
    if (ordinal >= 0) present[static_cast<size_t>(ordinal)] = true;
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    if (!present[c]) columns[c].SetConstant(schema.columns[c].missing);  // added after the image
  }
  DRIFTDB_RETURN_IF_ERROR(decoder.status("row image"));
  std::vector<VectorView> views;
  for (Vector& column : columns) views.push_back(column.View(slots));
  const platform::LatchGuard latch(chunk->latch());
  RowSource source;
  source.views = views;
  source.count = static_cast<uint32_t>(slots);
  DRIFTDB_RETURN_IF_ERROR(chunk->ReplayInsert(schema, 0, source, CommitSeq(1)));
  for (uint32_t i = 0; i < slots; ++i) {
    if (!BitIsSet(bits, i)) chunk->SetLoadedWord(i, VersionWord::Dead());
  }
  DRIFTDB_RETURN_IF_ERROR(RowImageDecodeWords(&words, *alive, chunk));
  chunk->set_dirty(false);
  *rows = count;
  return OkStatus();
}

// ---- overlays ----

std::string EncodeOverlayImage(const TableSchema& schema, CommitSeq seq,
                               const TransactionTable& transactions, Overlay* overlay) {
  const Snapshot snapshot{seq, TxnId(0), 0};
  std::string entries;
  Encoder body(&entries);
  uint64_t count = 0;
  {
    const platform::LatchGuard latch(overlay->latch());
    overlay->set_dirty(!overlay->SettledAt(seq));
    const std::vector<uint32_t> ordinals = overlay->columns();
    for (uint32_t entry = 0; entry < overlay->count(); ++entry) {
      const VisibleVersion found = FindVisible(overlay->version(entry), snapshot, transactions);
      std::string values;
      Encoder row(&values);
      uint64_t changed = 0;
      for (const uint32_t ordinal : ordinals) {
        if (!found.visible || schema.columns[ordinal].dropped) continue;
        const void* value = nullptr;
        const Overlay::Source source = overlay->Value(entry, ordinal, found.stop, &value);
        if (source == Overlay::Source::kBase) continue;
        ++changed;
        row.Varint(schema.columns[ordinal].id.value);
        row.U64(schema.columns[ordinal].type.Pack());
        row.U8(source == Overlay::Source::kNull ? 1 : 0);
        if (source == Overlay::Source::kValue) {
          RowImageEncodeValue(schema.columns[ordinal].type, value, &row);
        }
      }
      // Seen as it lies in the segments: touched only by locks, or after `seq`.
      if (found.visible && changed == 0) continue;
      ++count;
      body.Varint(overlay->slot_of(entry));
      body.Varint(found.visible ? found.word.number() : 0);
      body.Varint(changed);
      body.Raw(values.data(), values.size());
    }
  }
  if (count == 0) return {};
  std::string image;
  Encoder encoder(&image);
  encoder.U8(kRowImageVersion);
  encoder.Varint(count);
  image += entries;
  return image;
}

Status DecodeOverlayImage(const TableSchema& schema, std::string_view image, Overlay* overlay,
                          uint64_t* dead) {
  Decoder decoder(image);
  const uint8_t version = decoder.U8();
  const uint64_t count = decoder.Varint();
  if (!decoder.ok() || version != kRowImageVersion || count > kChunkRows) {
    return DataLossError("overlay image of row {}: version {}, {} entries", overlay->first_rid(),
                         version, count);
  }
  const platform::LatchGuard latch(overlay->latch());
  for (uint64_t i = 0; i < count && decoder.ok(); ++i) {
    const uint64_t slot = decoder.Varint();
    const uint64_t seq = decoder.Varint();
    const uint64_t changed = decoder.Varint();
    if (slot >= kChunkRows || seq > VersionWord::kNumberMask || changed > schema.columns.size()) {
      return DataLossError("overlay image of row {} has a damaged entry", overlay->first_rid());
    }
    std::vector<uint32_t> ordinals;
    std::vector<RowImageValue> values(changed);
    std::vector<const void*> pointers;
    for (uint64_t c = 0; c < changed; ++c) {
      LogicalType type;
      DRIFTDB_ASSIGN_OR_RETURN(const int ordinal, RowImageDecodeHeader(schema, &decoder, &type));
      const bool null = decoder.U8() != 0;
      if (!null) RowImageDecodeValue(type, &decoder, &values[c]);
      if (ordinal < 0) continue;
      ordinals.push_back(static_cast<uint32_t>(ordinal));
      pointers.push_back(null ? nullptr : values[c].pointer());
    }
    DRIFTDB_RETURN_IF_ERROR(decoder.status("overlay image"));
    const VersionWord word = seq == 0 ? VersionWord::Dead() : VersionWord::Live(CommitSeq(seq));
    if (seq == 0) ++*dead;
    DRIFTDB_RETURN_IF_ERROR(overlay->LoadEntry(schema, static_cast<uint32_t>(slot), word,
                                               RowChange{ordinals, pointers}));
  }
  DRIFTDB_RETURN_IF_ERROR(decoder.status("overlay image"));
  overlay->set_dirty(false);
  return OkStatus();
}

}  // namespace driftdb::storage
