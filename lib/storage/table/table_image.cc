#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/row_image.h"
#include "storage/table/table.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

namespace {

constexpr uint8_t kTableDirectoryVersion = 1;
constexpr uint8_t kTableGroupHot = 1;
constexpr uint8_t kTableGroupSealed = 2;
// Images up to this size lie in the directory: an extent takes 4 KiB at least.
constexpr size_t kTableInlineImageBytes = 2048;

Result<ImagePlace> TableDecodePlace(Decoder* decoder) {
  ImagePlace place;
  if (decoder->U8() == 0) {
    place.extent = DecodeExtentRef(decoder);
  } else {
    place.bytes = std::string(decoder->Bytes());
  }
  DRIFTDB_RETURN_IF_ERROR(decoder->status("table directory"));
  if (place.empty()) return DataLossError("table directory names an empty image");
  return place;
}

// The bytes of an image; `pin` keeps them.
Result<std::string_view> TableImageBytes(const ImagePlace& place, ExtentStore* extents,
                                         PinnedBytes* pin) {
  if (place.extent.empty()) return std::string_view(place.bytes);
  DRIFTDB_ASSIGN_OR_RETURN(*pin, extents->Pin(place.extent));
  return pin->view();
}

}  // namespace

// ---- writing ----

void Table::EncodePlace(const ImagePlace& place, std::string* out) {
  Encoder encoder(out);
  if (place.extent.empty()) {
    encoder.U8(1);
    encoder.Bytes(place.bytes);
  } else {
    encoder.U8(0);
    EncodeExtentRef(place.extent, &encoder);
    state_->named.push_back(place.extent);
  }
}

// Room for what is placed and for what CheckpointDone then makes of it: neither an image in hand
// nor the end of a checkpoint may be lost to a failed allocation (C11).
void Table::ReservePlaced(size_t more) {
  const size_t placed = state_->placed.size() + more;
  if (placed > state_->placed.capacity()) state_->placed.reserve(2 * placed);
  const size_t superseded = state_->superseded.size() + placed;
  if (superseded > state_->superseded.capacity()) state_->superseded.reserve(2 * superseded);
}

Status Table::PlaceImage(RowGroup* group, size_t index, std::string bytes) {
  if (group->images.empty()) group->images.resize(kGroupChunks);
  ReservePlaced(1);
  ImagePlace place;
  if (bytes.size() <= kTableInlineImageBytes) {
    place.bytes = std::move(bytes);
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(place.extent, environment_.extents->Write(bytes, kDataBlockBytes));
  }
  state_->placed.push_back({group, index, std::move(group->images[index])});
  group->images[index] = std::move(place);
  return OkStatus();
}

Status Table::WriteHotGroup(CommitSeq seq, RowGroup* group, std::string* out, uint32_t* entries) {
  std::string body;
  uint64_t chunks = 0;
  const TableSchema& current = *schema();
  for (size_t i = 0; i < kGroupChunks; ++i) {
    HotChunk* chunk = group->chunk(i);
    if (chunk == nullptr) continue;
    bool dirty = false;
    {
      const platform::LatchGuard latch(chunk->latch());
      dirty = chunk->dirty();
    }
    if (dirty || group->images.empty()) {
      Status placed =
          Guarded([&] { return PlaceImage(group, i, EncodeChunkImage(current, seq, chunk)); });
      if (!placed.ok()) {
        // Encoding has cleared the mark, and there is no placed image by which CheckpointDone would
        // set it again.
        const platform::LatchGuard latch(chunk->latch());
        chunk->set_dirty(true);
        return placed;
      }
    }
    if (group->images[i].empty()) continue;
    ++chunks;
    body.push_back(static_cast<char>(i));
    EncodePlace(group->images[i], &body);
  }
  if (chunks == 0) return OkStatus();
  ++*entries;
  Encoder encoder(out);
  encoder.Varint(group->number());
  encoder.U8(kTableGroupHot);
  encoder.Varint(chunks);
  out->append(body);
  return OkStatus();
}

Status Table::WriteSealedGroup(CommitSeq seq, RowGroup* group, std::string* out,
                               uint32_t* entries) {
  SealedGroup* sealed = group->sealed();
  // Uncommitted, or attached after the image: the log's ATTACH record will bring it.
  if (!sealed->BaseVisible(Snapshot{seq, TxnId(0), 0})) return OkStatus();
  const VersionWord word = sealed->CommittedWord();
  if (group->sealed_since_image) {
    // What the durable image has of this group are images of hot chunks.
    ReservePlaced(group->images.size());
    for (size_t i = 0; i < group->images.size(); ++i) {
      state_->placed.push_back({group, i, std::move(group->images[i]), true});
    }
    group->images.clear();
    group->sealed_since_image = false;
  }
  std::string body;
  uint64_t overlays = 0;
  for (uint32_t v = 0; v < kGroupChunks; ++v) {
    Overlay* overlay = sealed->overlay(v);
    if (overlay == nullptr) continue;
    bool dirty = false;
    {
      const platform::LatchGuard latch(overlay->latch());
      dirty = overlay->dirty();
    }
    if (dirty || group->images.empty()) {
      Status placed = Guarded([&] {
        return PlaceImage(group, v,
                          EncodeOverlayImage(*schema(), seq, *environment_.transactions, overlay));
      });
      if (!placed.ok()) {
        const platform::LatchGuard latch(overlay->latch());
        overlay->set_dirty(true);  // as above
        return placed;
      }
    }
    if (group->images[v].empty()) continue;
    ++overlays;
    body.push_back(static_cast<char>(v));
    EncodePlace(group->images[v], &body);
  }
  ++*entries;
  Encoder encoder(out);
  encoder.Varint(group->number());
  encoder.U8(kTableGroupSealed);
  encoder.Bytes(sealed->descriptor().Encode());
  encoder.Varint(word.number());
  encoder.Varint(overlays);
  out->append(body);
  for (const ExtentRef& extent : sealed->descriptor().Extents()) state_->named.push_back(extent);
  return OkStatus();
}

Status Table::WriteImage(CommitSeq seq, std::string* directory) {
  platform::MutexLock maintenance(&state_->maintenance);
  DRIFTDB_DCHECK(environment_.transactions->published() >= seq);
  state_->named.clear();
  std::string groups;
  uint32_t entries = 0;
  for (uint64_t number = 0; number < group_count(); ++number) {
    RowGroup* group = FindGroup(number);
    if (group == nullptr) continue;
    // Sealing excludes itself by the maintenance mutex: a group does not change its kind meanwhile.
    // A bulk load may attach or drop one: that is under this guard.
    const EpochGuard guard(environment_.epochs);
    if (group->sealed() != nullptr) {
      DRIFTDB_RETURN_IF_ERROR(WriteSealedGroup(seq, group, &groups, &entries));
    } else {
      DRIFTDB_RETURN_IF_ERROR(WriteHotGroup(seq, group, &groups, &entries));
    }
  }
  Encoder encoder(directory);
  encoder.U8(kTableDirectoryVersion);
  encoder.Varint(next_rid().value);
  encoder.Varint(entries);
  directory->append(groups);
  return OkStatus();
}

void Table::CheckpointDone(bool durable) {
  platform::MutexLock maintenance(&state_->maintenance);
  const EpochGuard guard(environment_.epochs);
  for (size_t i = state_->placed.size(); i-- > 0;) {
    State::Placed& placed = state_->placed[i];
    if (durable) {
      if (!placed.before.extent.empty()) state_->superseded.push_back(placed.before.extent);
      continue;
    }
    RowGroup* group = placed.group;
    // The durable image still names the chunks' images.
    if (placed.by_seal) group->sealed_since_image = true;
    if (group->images.empty()) group->images.resize(kGroupChunks);
    ImagePlace& place = group->images[placed.index];
    if (!place.extent.empty()) environment_.extents->Release(place.extent, true);
    place = std::move(placed.before);
    if (HotChunk* chunk = group->chunk(placed.index); chunk != nullptr) {
      const platform::LatchGuard latch(chunk->latch());
      chunk->set_dirty(true);
    } else if (group->sealed() != nullptr &&
               group->sealed()->overlay(static_cast<uint32_t>(placed.index)) != nullptr) {
      Overlay* overlay = group->sealed()->overlay(static_cast<uint32_t>(placed.index));
      const platform::LatchGuard latch(overlay->latch());
      overlay->set_dirty(true);
    }
  }
  state_->placed.clear();
  if (!durable) return;
  for (const ExtentRef& extent : state_->superseded) environment_.extents->Release(extent, false);
  state_->superseded.clear();
}

void Table::ListExtents(std::vector<ExtentRef>* out) {
  platform::MutexLock maintenance(&state_->maintenance);
  out->insert(out->end(), state_->named.begin(), state_->named.end());
}

void Table::ReleaseExtents() {
  platform::MutexLock maintenance(&state_->maintenance);
  const EpochGuard guard(environment_.epochs);
  for (uint64_t number = 0; number < group_count(); ++number) {
    RowGroup* group = FindGroup(number);
    if (group == nullptr) continue;
    for (const ImagePlace& place : group->images) {
      if (!place.extent.empty()) environment_.extents->Release(place.extent, false);
    }
    group->images.clear();
    if (group->sealed() == nullptr) continue;
    for (const ExtentRef& extent : group->sealed()->descriptor().Extents()) {
      environment_.extents->Release(extent, false);
    }
  }
  for (const ExtentRef& extent : state_->superseded) environment_.extents->Release(extent, false);
  state_->superseded.clear();
  state_->named.clear();
}

// ---- loading ----

Status Table::LoadHotGroup(RowGroup* group, Decoder* decoder) {
  group->images.resize(kGroupChunks);
  const uint64_t chunks = decoder->Varint();
  DRIFTDB_RETURN_IF_ERROR(decoder->status("table directory"));
  for (uint64_t c = 0; c < chunks; ++c) {
    const uint8_t index = decoder->U8();
    DRIFTDB_ASSIGN_OR_RETURN(ImagePlace place, TableDecodePlace(decoder));
    if (index >= kGroupChunks || !group->images[index].empty()) {
      return DataLossError("table directory: group {} names chunk {}", group->number(), index);
    }
    PinnedBytes pin;
    DRIFTDB_ASSIGN_OR_RETURN(const std::string_view bytes,
                             TableImageBytes(place, environment_.extents, &pin));
    HotChunk* chunk = TouchChunk(group->first_rid() + uint64_t{index} * kChunkRows);
    uint64_t rows = 0;
    DRIFTDB_RETURN_IF_ERROR(DecodeChunkImage(*schema(), bytes, chunk, &rows));
    state_->live_rows.fetch_add(static_cast<int64_t>(rows), std::memory_order_relaxed);
    if (!place.extent.empty()) state_->named.push_back(place.extent);
    group->images[index] = std::move(place);
  }
  return OkStatus();
}

Status Table::LoadSealedGroup(RowGroup* group, Decoder* decoder) {
  DRIFTDB_ASSIGN_OR_RETURN(GroupDescriptor descriptor, GroupDescriptor::Decode(decoder->Bytes()));
  const uint64_t seq = decoder->Varint();
  const uint64_t overlays = decoder->Varint();
  if (!decoder->ok() || descriptor.group != group->number() || seq == 0 ||
      seq > VersionWord::kNumberMask) {
    return DataLossError("table directory: group {} has a damaged descriptor", group->number());
  }
  for (const ExtentRef& extent : descriptor.Extents()) state_->named.push_back(extent);
  uint64_t rows = descriptor.rows;
  for (const uint64_t word : descriptor.dead) {
    rows -= static_cast<uint64_t>(__builtin_popcountll(word));
  }
  AttachGroup(std::move(descriptor), VersionWord::Live(CommitSeq(seq)), nullptr);
  if (overlays > 0) group->images.resize(kGroupChunks);
  for (uint64_t o = 0; o < overlays; ++o) {
    const uint8_t index = decoder->U8();
    DRIFTDB_ASSIGN_OR_RETURN(ImagePlace place, TableDecodePlace(decoder));
    if (index >= kGroupChunks || !group->images[index].empty()) {
      return DataLossError("table directory: group {} names overlay {}", group->number(), index);
    }
    PinnedBytes pin;
    DRIFTDB_ASSIGN_OR_RETURN(const std::string_view bytes,
                             TableImageBytes(place, environment_.extents, &pin));
    DRIFTDB_ASSIGN_OR_RETURN(Overlay * overlay, group->sealed()->TouchOverlay(index));
    uint64_t dead = 0;
    DRIFTDB_RETURN_IF_ERROR(DecodeOverlayImage(*schema(), bytes, overlay, &dead));
    rows -= dead;
    if (!place.extent.empty()) state_->named.push_back(place.extent);
    group->images[index] = std::move(place);
  }
  state_->live_rows.fetch_add(static_cast<int64_t>(rows), std::memory_order_relaxed);
  return OkStatus();
}

Status Table::LoadImage(std::string_view directory) {
  Decoder decoder(directory);
  const uint8_t version = decoder.U8();
  const uint64_t next = decoder.Varint();
  const uint64_t groups = decoder.Varint();
  if (!decoder.ok() || version != kTableDirectoryVersion || next > kRowIdMax) {
    return DataLossError("directory of table storage {} has version {}", id_.value, version);
  }
  AdvanceNextRid(RowId(next));
  uint64_t previous = 0;
  for (uint64_t g = 0; g < groups; ++g) {
    const uint64_t number = decoder.Varint();
    const uint8_t kind = decoder.U8();
    DRIFTDB_RETURN_IF_ERROR(decoder.status("table directory"));
    if ((g > 0 && number <= previous) || number > next >> kGroupBits ||
        (kind != kTableGroupHot && kind != kTableGroupSealed)) {
      return DataLossError("directory of table storage {} names group {} of kind {}", id_.value,
                           number, kind);
    }
    previous = number;
    RowGroup* group = TouchGroup(number);
    DRIFTDB_RETURN_IF_ERROR(kind == kTableGroupHot ? LoadHotGroup(group, &decoder)
                                                   : LoadSealedGroup(group, &decoder));
  }
  if (decoder.remaining() != 0) {
    return DataLossError("directory of table storage {} has {} bytes too many", id_.value,
                         decoder.remaining());
  }
  return OkStatus();
}

}  // namespace driftdb::storage
