// Moving units as points of the graphics card: thousands move without the map's own sources being rebuilt.
import { MercatorCoordinate, type CustomLayerInterface, type CustomRenderMethodInput, type Map as MapLibre } from 'maplibre-gl';
import type { Unit, UnitState } from '../nouns/unit';

/** Floats per unit: x and y from the origin, and the number of its shape. */
const STRIDE = 3;
/** Diameter of the symbol in CSS pixels at scale 1. */
const SIZE_PX = 15;

const VERTEX = `#version 300 es
in vec3 a_unit;
uniform mat4 u_matrix;
uniform float u_size;
out float v_status;
void main() {
  gl_Position = u_matrix * vec4(a_unit.xy, 0.0, 1.0);
  gl_PointSize = u_size;
  v_status = a_unit.z;
}`;

/** Statuses that have a shape of their own, by the number that the shader knows; who waits at a staging area is drawn as on the way. */
const SHAPES: readonly UnitState[] = ['available', 'offered', 'accepted', 'en-route', 'on-scene', 'out-of-service'];

// Shape by status, one neutral colour: small dim ring (available), ring with dot (offered, accepted), disc (en route),
// square (on scene), small dim dot (out of service).
const FRAGMENT = `#version 300 es
precision mediump float;
in float v_status;
uniform vec3 u_ink;
uniform vec3 u_halo;
out vec4 colour;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  float r = length(p);
  bool square = v_status > 3.5 && v_status < 4.5;
  if (square) r = max(abs(p.x), abs(p.y)) * 1.12;
  float radius = v_status > 4.5 ? 0.5 : v_status < 0.5 ? 0.76 : 0.98;
  if (r > radius) discard;
  float inner = radius - 0.22;
  bool hollow = v_status < 2.5;
  bool dot = v_status > 0.5 && v_status < 2.5;
  vec3 ink = v_status < 0.5 ? mix(u_ink, u_halo, 0.4) : u_ink;
  if (r > inner) ink = u_halo;
  else if (hollow && r < inner - 0.24 && !(dot && r < 0.28)) ink = u_halo;
  colour = vec4(ink, v_status > 4.5 ? 0.6 : 1.0);
}`;

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.replace('#', ''), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** A MapLibre layer of units. Uniforms only, no uniform buffers: those would disturb the map's own labels. */
export class UnitsLayer implements CustomLayerInterface {
  readonly id = 'units';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  private map: MapLibre | undefined;
  private program: WebGLProgram | null = null;
  private buffer: WebGLBuffer | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private points = new Float32Array();
  private changed = false;
  // Positions are kept relative to one point, because 32-bit floats of the whole world would jitter when zoomed in.
  private origin: [number, number] | undefined;

  constructor(
    private readonly ink: string,
    private readonly halo: string,
    private readonly scale: number,
  ) {}

  /** Replaces what is shown. */
  set(units: Iterable<Unit>): void {
    const floats: number[] = [];
    for (const unit of units) {
      if (unit.place === undefined) continue;
      const { x, y } = MercatorCoordinate.fromLngLat([unit.place.longitude, unit.place.latitude]);
      this.origin ??= [x, y];
      floats.push(x - this.origin[0], y - this.origin[1], SHAPES.indexOf(unit.status === 'staging' ? 'en-route' : unit.status));
    }
    this.points = new Float32Array(floats);
    this.changed = true;
    this.map?.triggerRepaint();
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.map = map;
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type);
      if (shader === null) return;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    this.program = program;
    this.buffer = gl.createBuffer();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const location = gl.getAttribLocation(program, 'a_unit');
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, STRIDE, gl.FLOAT, false, 0, 0);
    gl.bindVertexArray(null);
    this.changed = true;
  }

  onRemove(_map: MapLibre, gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.program);
    gl.deleteBuffer(this.buffer);
    gl.deleteVertexArray(this.array);
    this.map = undefined;
  }

  render(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    if (this.program === null || this.origin === undefined || this.points.length === 0) return;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    if (this.changed) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
      gl.bufferData(gl.ARRAY_BUFFER, this.points, gl.DYNAMIC_DRAW);
      this.changed = false;
    }
    const matrix = translated(input.defaultProjectionData.mainMatrix, this.origin);
    gl.uniformMatrix4fv(gl.getUniformLocation(this.program, 'u_matrix'), false, matrix);
    gl.uniform1f(gl.getUniformLocation(this.program, 'u_size'), SIZE_PX * this.scale * devicePixelRatio);
    gl.uniform3fv(gl.getUniformLocation(this.program, 'u_ink'), rgb(this.ink));
    gl.uniform3fv(gl.getUniformLocation(this.program, 'u_halo'), rgb(this.halo));
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArrays(gl.POINTS, 0, this.points.length / STRIDE);
    gl.bindVertexArray(null);
  }
}

/** The column-major matrix times a translation, in 64-bit until the last step. */
function translated(matrix: ArrayLike<number>, [x, y]: [number, number]): Float32Array {
  const out = Float64Array.from(matrix);
  for (let row = 0; row < 4; row += 1) {
    out[12 + row] = (matrix[row] ?? 0) * x + (matrix[4 + row] ?? 0) * y + (matrix[12 + row] ?? 0);
  }
  return Float32Array.from(out);
}
