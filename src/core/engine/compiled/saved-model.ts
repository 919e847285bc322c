import { createRequire } from 'node:module';
import type { AttributeValue } from './attribute.ts';
import type { Graph, GraphNode } from './graph.ts';
import type { Constant } from './recording.ts';

/*
 * A SavedModel as TensorFlow reads it, written with TensorFlow's own protobuf messages, which tfjs-node carries
 * (compiled by protoc) to read SavedModels: no field number stands here.
 */

/** Older than TensorFlow 2.9, the oldest that runs here: newer libraries read older graphs. */
const GRAPH_PRODUCER_VERSION = 1087;
const SCHEMA_VERSION = 1;

export const SAVED_MODEL_TAG = 'serve';

export function encodeSavedModel(graph: Graph): Uint8Array {
  const messages = loadMessages();
  const metaInfoDef = message(messages.MetaGraphDef.MetaInfoDef, { TagsList: [SAVED_MODEL_TAG] });
  const metaGraph = message(messages.MetaGraphDef, {
    MetaInfoDef: metaInfoDef,
    GraphDef: graphMessage(messages, graph),
  });
  const savedModel = message(messages.SavedModel, {
    SavedModelSchemaVersion: SCHEMA_VERSION,
    MetaGraphsList: [metaGraph],
  });
  return savedModel.serializeBinary();
}

/** The graph alone, a `GraphDef`. */
export function encodeGraph(graph: Graph): Uint8Array {
  return graphMessage(loadMessages(), graph).serializeBinary();
}

function graphMessage(messages: Messages, { nodes }: Graph): Message {
  return message(messages.GraphDef, {
    NodeList: nodes.map((node) => encodeNode(messages, node)),
    Versions: message(messages.VersionDef, { Producer: GRAPH_PRODUCER_VERSION }),
  });
}

function encodeNode(messages: Messages, { name, op, inputs, attributes }: GraphNode): Message {
  const node = message(messages.NodeDef, { Name: name, Op: op, InputList: inputs });
  for (const [key, value] of attributes) node.getAttrMap().set(key, encodeAttribute(messages, value));
  return node;
}

function encodeAttribute(messages: Messages, value: AttributeValue): Message {
  const attribute = (fields: Fields) => message(messages.AttrValue, fields);
  const list = (fields: Fields) => attribute({ List: message(messages.AttrValue.ListValue, fields) });
  if ('type' in value) return attribute({ Type: value.type });
  if ('int' in value) return attribute({ I: value.int });
  if ('ints' in value) return list({ IList: value.ints });
  if ('float' in value) return attribute({ F: value.float });
  if ('floats' in value) return list({ FList: value.floats });
  if ('bool' in value) return attribute({ B: value.bool });
  if ('string' in value) return attribute({ S: Buffer.from(value.string) });
  if ('shape' in value) return attribute({ Shape: encodeShape(messages, value.shape) });
  return attribute({ Tensor: encodeTensor(messages, value.tensor) });
}

function encodeTensor(messages: Messages, { shape, dtype, bytes }: Constant): Message {
  return message(messages.Tensor, {
    Dtype: dtype,
    TensorShape: encodeShape(messages, shape),
    TensorContent: bytes,
  });
}

function encodeShape(messages: Messages, shape: readonly number[]): Message {
  const dimensions = shape.map((size) => message(messages.TensorShape.Dim, { Size: size }));
  return message(messages.TensorShape, { DimList: dimensions });
}

interface Message {
  serializeBinary(): Uint8Array;
  getAttrMap(): { set(key: string, value: Message): void };
}
type MessageType = new () => Message;
type Fields = Readonly<Record<string, unknown>>;

interface Messages {
  readonly SavedModel: MessageType;
  readonly MetaGraphDef: MessageType & { readonly MetaInfoDef: MessageType };
  readonly GraphDef: MessageType;
  readonly VersionDef: MessageType;
  readonly NodeDef: MessageType;
  readonly AttrValue: MessageType & { readonly ListValue: MessageType };
  readonly Tensor: MessageType;
  readonly TensorShape: MessageType & { readonly Dim: MessageType };
}

function loadMessages(): Messages {
  const require = createRequire(import.meta.url);
  return require('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Messages;
}

function message(type: MessageType, fields: Fields): Message {
  const built = new type();
  const setters = built as unknown as Record<string, (value: unknown) => void>;
  for (const [name, value] of Object.entries(fields)) setters[`set${name}`]!(value);
  return built;
}
