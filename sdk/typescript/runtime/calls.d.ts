/** The methods of one resource. */
export declare class Resource {
  constructor(caller: any);
}
